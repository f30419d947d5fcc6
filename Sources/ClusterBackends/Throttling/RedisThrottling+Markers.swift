internal import ApusCore
package import Backends
internal import RedisClient
internal import Synchronization

extension RedisThrottling: DeliveryMarking {
    package func claim(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<[ClaimAnswer], any Error>) -> Void) {
        guard let markers = self.checked(claim, completion) else { return }
        // The same recipient twice in one claim gets one answer.
        var places: [[UInt8]: Int] = [:]
        var distinct: [[UInt8]] = []
        let order = markers.map { marker -> Int in
            if let place = places[marker] { return place }
            places[marker] = distinct.count
            distinct.append(marker)
            return distinct.count - 1
        }
        let keys = distinct
        let ticket = self.ticket.add(1, ordering: .relaxed).newValue
        let keep = self.configuration.unfinishedHorizon
        let more: [RedisArgument] = [
            .text(String(ticket, radix: 16)), .integer(Int64(DeliveryClaim.maximumDeaths)),
            .integer(Int64(claim.admittedDeaths)),
        ]
        self.client.send(self.command(RedisScripts.claim, claim, keys, keptFor: keep, more)) { [self] result in
            switch result {
            case .success(let value):
                self.share.isBack()
                let answers = (value.array ?? []).compactMap { Self.answer($0) }
                guard answers.count == keys.count else {
                    completion(.failure(ThrottlingError.oddAnswer))
                    return
                }
                completion(.success(order.map { answers[$0] }))
            case .failure(let error):
                completion(.failure(ThrottlingError.from(error)))
            }
        }
    }

    package func markData(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        guard let keys = self.checked(claim, completion) else { return }
        self.step(self.command(RedisScripts.markData, claim, keys, keptFor: self.configuration.unfinishedHorizon, []), completion)
    }

    package func finish(
        _ claim: DeliveryClaim, outcomes: [[UInt8]], completion: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        guard let keys = self.checked(claim, completion) else { return }
        guard outcomes.count == keys.count, outcomes.allSatisfy({ $0.count <= DeliveryClaim.maximumOutcomeBytes }) else {
            completion(.failure(ThrottlingError(.invalidArgument, "there is one outcome per recipient, of at most 8 KB")))
            return
        }
        self.step(
            self.command(RedisScripts.finish, claim, keys, keptFor: self.configuration.finishedHorizon, outcomes.map { .bytes($0) }), completion)
    }

    package func release(_ claim: DeliveryClaim, completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        guard let keys = self.checked(claim, completion) else { return }
        self.step(self.command(RedisScripts.release, claim, keys, keptFor: self.configuration.unfinishedHorizon, [])) { [self] result in
            if case .failure(let error as ThrottlingError) = result, error.code == .unavailable { self.openReleases.add(claim) }
            completion(result)
        }
    }

    private func step(_ command: RedisCommand, _ completion: @escaping @Sendable (Result<Void, any Error>) -> Void) {
        self.client.send(command) { [self] result in
            switch result {
            case .success(.integer(1)):
                self.share.isBack()
                completion(.success(()))
            case .success(.integer(0)): completion(.failure(ThrottlingError(.claimLost, "another worker has taken the message over")))
            case .success: completion(.failure(ThrottlingError.oddAnswer))
            case .failure(let error): completion(.failure(ThrottlingError.from(error)))
            }
        }
    }

    private func command(
        _ script: RedisScript, _ claim: DeliveryClaim, _ markers: [[UInt8]], keptFor: Duration, _ more: [RedisArgument]
    ) -> RedisCommand {
        RedisCommand(
            script, keys: [self.keys.epoch, self.keys.workers] + markers.map { .bytes($0) },
            arguments: [
                self.time, Self.lifetime, .integer(Int64(claim.attempt)), .integer(Int64(claim.hop)), .text(claim.owner.rawValue),
                .integer(max(keptFor.milliseconds, 1)),
            ] + more)
    }

    private static func answer(_ value: RESPValue) -> ClaimAnswer? {
        guard let bytes = value.bytes, let letter = bytes.first else { return nil }
        switch letter {
        case UInt8(ascii: "C"): return .claimed
        case UInt8(ascii: "D"): return .claimedInDoubt
        case UInt8(ascii: "H"): return .heldByLivingOwner
        case UInt8(ascii: "A"): return Int(String(decoding: bytes.dropFirst(), as: UTF8.self)).map { .suspect(deaths: $0) }
        case UInt8(ascii: "K"): return .ownersDied
        case UInt8(ascii: "S"): return .superseded
        case UInt8(ascii: "F"): return .finished(outcome: Array(bytes.dropFirst()))
        default: return nil
        }
    }

    /// The markers of a claim; nil when it does not fit, which has been said then.
    private func checked<Value>(
        _ claim: DeliveryClaim, _ completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) -> [[UInt8]]? {
        guard (1...DeliveryClaim.maximumRecipients).contains(claim.recipients.count), Self.isFit(claim.owner),
            Int32(exactly: claim.attempt) != nil, Int32(exactly: claim.hop) != nil
        else {
            completion(
                .failure(
                    ThrottlingError(
                        .invalidArgument, "a claim has 1 to \(DeliveryClaim.maximumRecipients) recipients and an owner of 1 to 64 bytes")))
            return nil
        }
        return claim.recipients.map { self.keys.marker(claim.messageID, $0) }
    }
}
