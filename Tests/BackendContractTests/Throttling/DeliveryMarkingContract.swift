import ApusCore
import Backends
import Testing

/// What every ``DeliveryMarking`` guarantees, with the ``WorkerRegistry`` that says who lives.
@Suite struct DeliveryMarkingContract {
    private static let message = MessageID("0100019a6f1c2d3e-2f6a4c1e-8a0b-4c3d-9e1f-001122334455-000000")!
    private static let one = WorkerID("worker-1")
    private static let two = WorkerID("worker-2")

    private static func claim(
        _ recipients: [String] = ["a@example.com"], attempt: Int = 1, hop: Int = 0, owner: WorkerID = Self.one
    ) -> DeliveryClaim {
        DeliveryClaim(messageID: Self.message, recipients: recipients, attempt: attempt, hop: hop, owner: owner)
    }

    @Test(arguments: ThrottlingImplementation.allCases) func aFinishedAttemptGivesItsOutcomeToWhoeverClaimsIt(
        on implementation: ThrottlingImplementation
    ) async throws {
        try await implementation.withEngine { engine, _ in
            let claim = Self.claim(["a@example.com", "b@example.com"])
            #expect(try await engine.claim(claim) == [.claimed, .claimed])
            try await engine.markData(claim)
            try await engine.finish(claim, outcomes: [[1, 2, 3], [UInt8](repeating: 7, count: DeliveryClaim.maximumOutcomeBytes)])
            #expect(
                try await engine.claim(Self.claim(["b@example.com", "c@example.com", "a@example.com"], owner: Self.two))
                    == [
                        .finished(outcome: [UInt8](repeating: 7, count: DeliveryClaim.maximumOutcomeBytes)), .claimed, .finished(outcome: [1, 2, 3]),
                    ]
            )
            // A copy that was held meanwhile, too.
            #expect(try await engine.claim(Self.claim(hop: 5)) == [.finished(outcome: [1, 2, 3])])
            // The next attempt is another matter, and what is older than it is dropped.
            #expect(try await engine.claim(Self.claim(attempt: 2, hop: 6)) == [.claimed])
            #expect(try await engine.claim(Self.claim(attempt: 1, hop: 5)) == [.superseded])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func recipientsCanFinishApart(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, _ in
            #expect(try await engine.claim(Self.claim(["a@x.org", "b@x.org"])) == [.claimed, .claimed])
            try await engine.finish(Self.claim(["a@x.org"]), outcomes: [[1]])
            try await engine.release(Self.claim(["b@x.org"]))
            #expect(try await engine.claim(Self.claim(["a@x.org", "b@x.org"])) == [.finished(outcome: [1]), .claimed])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func whatALivingOwnerHasIsHeld(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, clocks in
            try await engine.heartbeat(Self.one, summary: [])
            #expect(try await engine.claim(Self.claim()) == [.claimed])
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.heldByLivingOwner])
            // A guard copy.
            #expect(try await engine.claim(Self.claim(hop: 1, owner: Self.two)) == [.heldByLivingOwner])
            // The owner itself knows what it has in hand.
            #expect(try await engine.claim(Self.claim()) == [.claimed])
            clocks.advance(.seconds(9))
            try await engine.heartbeat(Self.one, summary: [])
            clocks.advance(.seconds(9))
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.heldByLivingOwner])
            clocks.advance(.seconds(2))
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.claimed])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func dataWithADeadOwnerIsInDoubtUntilThereIsAnOutcome(
        on implementation: ThrottlingImplementation
    ) async throws {
        try await implementation.withEngine { engine, _ in
            try await engine.heartbeat(Self.one, summary: [])
            #expect(try await engine.claim(Self.claim()) == [.claimed])
            try await engine.markData(Self.claim())
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.heldByLivingOwner])
            try await engine.leave(Self.one)
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.claimedInDoubt])
            // It stays in doubt when the second one gives it back, or dies before the dot.
            try await engine.release(Self.claim(owner: Self.two))
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.claimedInDoubt])
            var third = Self.claim(owner: WorkerID("worker-3"))
            third.admittedDeaths = 2
            #expect(try await engine.claim(third) == [.claimedInDoubt])
            try await engine.finish(Self.claim(owner: WorkerID("worker-3")), outcomes: [[9]])
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.finished(outcome: [9])])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func whatOwnersDieWithMustBeAdmittedAndIsThenNobodys(
        on implementation: ThrottlingImplementation
    ) async throws {
        try await implementation.withEngine { engine, _ in
            let owners = (0..<8).map { WorkerID("owner-\($0)") }
            func admitting(_ deaths: Int, _ owner: Int) -> DeliveryClaim {
                var claim = Self.claim(owner: owners[owner])
                claim.admittedDeaths = deaths
                return claim
            }
            // Nobody of these beats, so each is dead for the next; what is given back is given back by a living one.
            #expect(try await engine.claim(Self.claim(owner: owners[0])) == [.claimed])
            #expect(try await engine.claim(Self.claim(owner: owners[1])) == [.claimed])
            try await engine.release(Self.claim(owner: owners[1]))
            #expect(try await engine.claim(Self.claim(owner: owners[2])) == [.claimed])
            try await engine.markData(Self.claim(owner: owners[2]))
            // Two: from now on who claims it must admit that, and being refused is no death.
            #expect(try await engine.claim(Self.claim(owner: owners[3])) == [.suspect(deaths: 2)])
            #expect(try await engine.claim(Self.claim(owner: owners[4])) == [.suspect(deaths: 2)])
            #expect(try await engine.claim(admitting(2, 4)) == [.claimedInDoubt])
            try await engine.release(Self.claim(owner: owners[4]))
            #expect(try await engine.claim(Self.claim(owner: owners[4])) == [.suspect(deaths: 2)])
            #expect(try await engine.claim(admitting(3, 4)) == [.claimedInDoubt])
            #expect(try await engine.claim(admitting(2, 5)) == [.suspect(deaths: 3)])
            #expect(try await engine.claim(admitting(3, 5)) == [.claimedInDoubt])
            #expect(try await engine.claim(admitting(4, 6)) == [.claimedInDoubt])
            #expect(try await engine.claim(admitting(4, 7)) == [.ownersDied])
            // A person has looked at it: the count begins anew.
            #expect(try await engine.claim(Self.claim(owner: owners[7])) == [.claimedInDoubt])
            #expect(try await engine.claim(Self.claim(owner: owners[7])) == [.claimedInDoubt])
            try await engine.finish(Self.claim(owner: owners[7]), outcomes: [[7]])
            #expect(try await engine.claim(Self.claim(owner: owners[0])) == [.finished(outcome: [7])])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func whatWasGivenBackIsNotInDoubt(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, _ in
            #expect(try await engine.claim(Self.claim()) == [.claimed])
            try await engine.markData(Self.claim())
            try await engine.release(Self.claim())
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.claimed])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func olderCopiesAreDropped(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, _ in
            #expect(try await engine.claim(Self.claim(attempt: 2, hop: 3)) == [.claimed])
            try await engine.release(Self.claim(attempt: 2, hop: 3))
            #expect(try await engine.claim(Self.claim(attempt: 2, hop: 2)) == [.superseded])
            #expect(try await engine.claim(Self.claim(attempt: 1, hop: 9)) == [.superseded])
            #expect(try await engine.claim(Self.claim(attempt: 2, hop: 3)) == [.claimed])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func whoWasTakenForDeadLearnsIt(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, _ in
            #expect(try await engine.claim(Self.claim()) == [.claimed])
            try await engine.heartbeat(Self.two, summary: [])
            #expect(try await engine.claim(Self.claim(owner: Self.two)) == [.claimed])
            let data = await #expect(throws: ThrottlingError.self) { try await engine.markData(Self.claim()) }
            let finish = await #expect(throws: ThrottlingError.self) { try await engine.finish(Self.claim(), outcomes: [[1]]) }
            #expect([data?.code, finish?.code] == [.claimLost, .claimLost])
            // Giving back what is not his harms nobody.
            try await engine.release(Self.claim())
            #expect(try await engine.claim(Self.claim(owner: Self.one)) == [.heldByLivingOwner])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func theSameRecipientTwiceGetsOneAnswer(on implementation: ThrottlingImplementation)
        async throws
    {
        try await implementation.withEngine { engine, _ in
            let answers = try await engine.claim(Self.claim(["a@x.org", "a@x.org"]))
            #expect(answers == [.claimed, .claimed])
        }
    }

    @Test(arguments: ThrottlingImplementation.allCases) func nonsenseIsRefused(on implementation: ThrottlingImplementation) async throws {
        try await implementation.withEngine { engine, _ in
            let claims = [
                Self.claim([]), Self.claim((0...DeliveryClaim.maximumRecipients).map { "\($0)@x.org" }), Self.claim(attempt: .max),
                Self.claim(hop: .min), Self.claim(owner: WorkerID("")), Self.claim(owner: WorkerID(String(repeating: "w", count: 65))),
            ]
            for claim in claims {
                let error = await #expect(throws: ThrottlingError.self) { _ = try await engine.claim(claim) }
                #expect(error?.code == .invalidArgument)
            }
            let answers = try await engine.claim(Self.claim())
            #expect(answers == [.claimed])
            for outcomes in [[], [[1], [2]], [[UInt8](repeating: 0, count: DeliveryClaim.maximumOutcomeBytes + 1)]] as [[[UInt8]]] {
                let error = await #expect(throws: ThrottlingError.self) { try await engine.finish(Self.claim(), outcomes: outcomes) }
                #expect(error?.code == .invalidArgument)
            }
        }
    }
}
