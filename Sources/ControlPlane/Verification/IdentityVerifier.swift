package import ApusCore
internal import Backends
package import DNSResolver
internal import Logging
internal import ServiceLifecycle

/// Looks at the DNS records of domain identities in the background and keeps their status.
///
/// Pending identities are looked at every few seconds at first, then less often; verified ones daily. Results are written with
/// compare-and-set, so that verifiers of several processes, or a deletion at the same time, do no harm.
package struct IdentityVerifier: Service {
    private let controlPlane: ControlPlane
    private let check: IdentityCheck
    private let schedule: VerificationSchedule
    private let maximumConcurrent: Int

    /// - Parameters:
    ///   - controlPlane: whose identities; it must be loaded, and its ``ControlPlane/run()`` running to see others' identities.
    ///   - resolver: looks names up; validating where it should be.
    ///   - schedule: when to look, and what it means.
    ///   - maximumConcurrent: identities looked at at once.
    package init(
        controlPlane: ControlPlane, resolver: any DNSResolving, schedule: VerificationSchedule = .init(), maximumConcurrent: Int = 16
    ) {
        self.controlPlane = controlPlane
        self.check = IdentityCheck(resolver: resolver)
        self.schedule = schedule
        self.maximumConcurrent = max(maximumConcurrent, 1)
    }

    /// Looks at identities as they come due until it is cancelled or the service group shuts down.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let position = self.controlPlane.position
                let next = await self.checkDue()
                // Not before a second has passed: one round for a burst of changes.
                let now = self.controlPlane.now()
                let wait = min(max(next.map { $0 - now } ?? .seconds(3600), .seconds(1)), .seconds(3600))
                do {
                    try await Task.sleep(for: .seconds(1))
                    if wait > .seconds(1) { try await self.controlPlane.waitForChange(after: position, timeout: wait - .seconds(1)) }
                } catch is CancellationError {
                    return
                } catch let error as StateError where error.code == .closed {
                    return
                } catch {
                    try? await Task.sleep(for: .seconds(10))
                }
            }
        }
    }

    /// Looks at every identity that is due now.
    ///
    /// - Returns: when the next one is due; nil when there is none.
    package func checkDue() async -> UnixMilliseconds? {
        let now = self.controlPlane.now()
        let (due, next) = self.controlPlane.identitiesDue(at: now, schedule: self.schedule)
        await withTaskGroup(of: Void.self) { group in
            for (index, identity) in due.enumerated() {
                if index >= self.maximumConcurrent { await group.next() }
                group.addTask { await self.verify(identity) }
            }
        }
        // Those just looked at are due again some time; the copy has it.
        guard !due.isEmpty else { return next }
        return self.controlPlane.identitiesDue(at: now, schedule: self.schedule).next
    }

    private func verify(_ identity: EmailIdentity) async {
        let result = await self.check.result(for: identity)
        guard !Task.isCancelled else { return }
        do {
            try await self.controlPlane.record(result, of: identity, schedule: self.schedule)
        } catch let error as ControlPlaneError where error.code == .notFound {
            // Deleted meanwhile.
        } catch {
            self.controlPlane.logger.error("the result of a verification cannot be written", metadata: ["error": "\(error)"])
        }
    }
}
