internal import ApusCore
internal import ApusSchema
internal import Backends
internal import CoreMetrics
internal import Logging
internal import MailAuthentication
internal import NIOCore
internal import SMTPProtocol

/// The bytes that go over the wire.
extension DeliveryWorker {
    enum Content {
        case content(SMTPContent)
        case failed(DeliveryFailure)
        /// Not now, for reasons of this side.
        case wait(Duration)
        case stopped
    }

    /// What fetching the record's body takes: its bytes, and the signed message made of them.
    static func fetchedOctets(of record: OutboundRecord) -> Int {
        guard case .bodyReference? = record.message.content else { return 0 }
        return Int(clamping: record.message.bodyOctets) * 2
    }

    /// The message with its signatures.
    func content(of record: OutboundRecord, _ ticket: Ticket) async -> Content {
        let body: SMTPContent
        switch record.message.content {
        case .body(let bytes)?:
            body = SMTPContent(ByteBuffer(bytes: bytes))
        case .bodyReference(let reference)?:
            do {
                let bytes = try await self.bodies.get(reference)
                // Counted beside the budget that it was fetched under, so that reading pauses as well.
                self.state.ledger { $0.grow(ticket, by: bytes.readableBytes) }
                if self.state.ledger({ $0.mayFlow(ticket.position.topicPartition) }) { await self.flow.apply() }
                body = SMTPContent(bytes)
            } catch {
                self.metrics.backendFailures.increment()
                if let error = error as? BodyError, error.code != .unavailable {
                    self.logger.error("a message's body is lost", metadata: ["message": "\(record.messageID)", "error": "\(error)"])
                    return .failed(.lostBody)
                }
                return .wait(self.configuration.ownerHold)
            }
        case nil:
            return .failed(.lostBody)
        }
        guard !record.message.signingDomain.isEmpty else { return .content(body) }
        let signers: [DKIMSigner]
        do {
            signers = try await self.signers.signers(of: record.message.signingDomain, account: record.account)
        } catch {
            return self.unsigned(record, "\(error)")
        }
        // Accepted to be signed: a key that is gone since is a fault to be told, not a reason to send without.
        guard !signers.isEmpty else { return self.unsigned(record, "the domain has no signing key any more") }
        return await self.signed(body, by: signers, record)
    }

    private func signed(_ body: SMTPContent, by signers: [DKIMSigner], _ record: OutboundRecord) async -> Content {
        let octets = body.bytes.withUnsafeReadableBytes { [UInt8]($0) }
        let time = self.clock.now().seconds
        while true {
            let result: Result<[UInt8], DKIMError>
            do {
                result = .success(try await self.signingPool.sign(octets, by: signers, at: time))
            } catch {
                result = .failure(error)
            }
            switch result {
            case .success(let fields):
                var signed = ByteBufferAllocator().buffer(capacity: fields.count + body.octets)
                signed.writeBytes(fields)
                signed.writeImmutableBuffer(body.bytes)
                return .content(SMTPContent(signed))
            case .failure(let error):
                guard error.code == .overloaded else { return self.unsigned(record, "\(error)") }
                // More waits to be signed than may: the budget holds the readers back meanwhile.
                guard !self.state.isStopping else { return .stopped }
                do { try await self.clock.sleep(for: .milliseconds(50)) } catch { return .stopped }
            }
        }
    }

    private func unsigned(_ record: OutboundRecord, _ error: String) -> Content {
        guard !self.state.isStopping else { return .stopped }
        self.metrics.backendFailures.increment()
        self.logger.error("a message could not be signed", metadata: ["message": "\(record.messageID)", "error": "\(error)"])
        return .failed(.internalFault("The message could not be signed"))
    }
}
