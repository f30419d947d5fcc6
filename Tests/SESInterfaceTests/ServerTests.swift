import Logging
import ControlPlane
import Intake
import NIOCore
import NIOPosix
import NIOSSL
import SESInterface
import ServiceLifecycle
import TestBackends
import Testing

struct ServerTests {
    @Test func probes() async throws {
        for isReady in [true, false] {
            let fixture = try await ServerFixture(isReady: isReady)
            try await fixture.serve { address in
                let answers = try await Wire.connect(to: address) { wire in
                    try await wire.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
                    let health = try await wire.answer()
                    try await wire.send("GET /readyz HTTP/1.1\r\nHost: h\r\n\r\n")
                    let ready = try await wire.answer()
                    try await wire.send("HEAD /readyz HTTP/1.1\r\nHost: h\r\n\r\n")
                    return (health, ready, try await wire.answer(to: "HEAD"))
                }
                #expect(answers.0?.status == 200 && answers.0?.body == "ok\n")
                #expect(answers.1?.status == (isReady ? 200 : 503))
                #expect(answers.2?.status == (isReady ? 200 : 503))
            }
        }
    }

    @Test(arguments: [
        ("GET", "/"), ("OPTIONS", "*"), ("OPTIONS", "/v2/email/identities"), ("HEAD", "/v2/email/identities"), ("PUT", "/v2/email/identities"),
        ("TRACE", "/"), ("GET", "/v2/email/identities/a/policies"), ("DELETE", "/healthz"),
    ])
    func otherPaths(method: String, target: String) async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let answers = try await Wire.connect(to: address) { wire in
                try await wire.send("\(method) \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
                let first = try await wire.answer(to: method)
                try await wire.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
                return (first, try await wire.answer())
            }
            #expect(answers.0?.status == 404)
            #expect(answers.0?.errorType == "UnknownOperationException")
            #expect(answers.1?.status == 200)
        }
    }

    @Test func oneConnectionServesManyRequests() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let request = fixture.request("POST", "/v2/email/outbound-emails", body: ServerFixture.simple)
            let statuses = try await Wire.connect(to: address) { wire in
                var statuses: [Int?] = []
                for _ in 0..<5 {
                    try await wire.send(request.head + request.body)
                    statuses.append(try await wire.answer()?.status)
                }
                return statuses
            }
            #expect(statuses == [200, 200, 200, 200, 200])
            #expect(fixture.bus.batches.count == 5)
        }
    }

    /// A request read in any two pieces is the same request.
    @Test func everySplitOfARequest() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let request = fixture.request("POST", "/v2/email/list-identities", body: #"{"PageSize":7}"#)
            let bytes = Array((request.head + request.body).utf8)
            try await Wire.connect(to: address) { wire in
                for split in stride(from: 1, to: bytes.count, by: 7) {
                    try await wire.send(Array(bytes[..<split]))
                    await Task.yield()
                    try await wire.send(Array(bytes[split...]))
                    #expect(try await wire.answer()?.status == 200)
                }
            }
        }
    }

    @Test func connectionsAboveTheMaximumWait() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve(configure: { $0.maximumConnections = 1 }) { address in
            let probe = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await Wire.connect(to: address) { wire in
                            try await wire.send(probe)
                            return try await wire.answer()?.status
                        }
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
        }
    }

    @Test func speaksTLS() async throws {
        let fixture = try await ServerFixture()
        let tls = try TestCertificate.serverConfiguration()
        try await fixture.serve(configure: { $0.tls = tls }) { address in
            let request = fixture.request("POST", "/v2/email/outbound-emails", body: ServerFixture.simple)
            let answer = try await Wire.connect(to: address, tls: true) { wire in
                try await wire.send(request.head + request.body)
                return try await wire.answer()
            }
            #expect(answer?.status == 200)
            let plain = try await Wire.connect(to: address) { wire in
                try await wire.send(request.head + request.body)
                return try await wire.answer()
            }
            #expect(plain == nil)
        }
        #expect(fixture.bus.batches.count == 1)
    }

    /// What is under way when the server is asked to stop is answered; then it stops.
    @Test func stopsAfterWhatIsUnderWay() async throws {
        let fixture = try await ServerFixture()
        let (addresses, continuation) = AsyncStream.makeStream(of: SocketAddress.self)
        let server = fixture.server(SESServer.Configuration()) { continuation.yield($0) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let services = ServiceGroup(configuration: .init(services: [server], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var iterator = addresses.makeAsyncIterator()
            let address = try #require(await iterator.next())
            let request = fixture.request("POST", "/v2/email/outbound-emails", body: ServerFixture.simple)
            let answers = try await Wire.connect(to: address) { wire in
                // The first exchange shows that the connection is in the server's hands.
                try await wire.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
                let first = try await wire.answer()
                try await wire.send(request.head + request.body.dropLast(1))
                while fixture.budget.used == 0 { await Task.yield() }
                await services.triggerGracefulShutdown()
                try await wire.send(String(request.body.suffix(1)))
                let second = try await wire.answer()
                return (first, second, try await wire.isClosed())
            }
            #expect(answers.0?.status == 200)
            #expect(answers.1?.status == 200)
            #expect(answers.2)
            try await group.waitForAll()
        }
        #expect(fixture.bus.batches.count == 1)
    }
}
