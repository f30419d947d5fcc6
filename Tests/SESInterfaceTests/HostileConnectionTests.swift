import ControlPlane
import Intake
import NIOCore
import SESInterface
import TestBackends
import Testing

struct HostileConnectionTests {
    @Test func slowHeads() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve(timeouts: ConnectionTimeouts(firstHead: .milliseconds(300))) { address in
            let silent = try await Wire.connect(to: address) { try await $0.isClosed() }
            #expect(silent)
            let slow = try await Wire.connect(to: address) { wire in
                try await wire.send("GET /v2/email/account HTTP/1.1\r\nHost: h\r\nX-Slow: ")
                return try await wire.isClosed()
            }
            #expect(slow)
        }
    }

    @Test func slowBodiesAreAnsweredAndClosed() async throws {
        let fixture = try await ServerFixture()
        let timeouts = ConnectionTimeouts(body: .milliseconds(300), minimumBytesPerSecond: 1 << 20)
        try await fixture.serve(timeouts: timeouts) { address in
            let request = fixture.request("POST", "/v2/email/outbound-emails", body: ServerFixture.simple)
            let (answer, isClosed) = try await Wire.connect(to: address) { wire in
                try await wire.send(request.head + request.body.dropLast(1))
                return (try await wire.answer(), try await wire.isClosed())
            }
            #expect(answer?.status == 408)
            #expect(answer?.errorType == "RequestTimeoutException")
            #expect(isClosed)
            #expect(fixture.bus.batches.isEmpty)
        }
    }

    @Test func idleConnectionsAreClosedAfterAnAnswer() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve(timeouts: ConnectionTimeouts(idle: .milliseconds(300))) { address in
            let isClosed = try await Wire.connect(to: address) { wire in
                try await wire.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await wire.answer()?.status == 200)
                return try await wire.isClosed()
            }
            #expect(isClosed)
        }
    }

    @Test func whatIsLeftOfARefusedBodyIsRead() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let request = fixture.request("POST", "/v2/email/outbound-emails", keyID: "AKIAAAAAAAAAAAAAAAAA", contentLength: 500_000)
            let (answer, isClosed) = try await Wire.connect(to: address) { wire in
                try await wire.send(request.head)
                for _ in 0..<10 { try await wire.send(String(repeating: "x", count: 50_000)) }
                return (try await wire.answer(), try await wire.isClosed())
            }
            #expect(answer?.errorType == "UnrecognizedClientException")
            #expect(isClosed)
        }
    }

    @Test(arguments: [
        ConnectionTimeouts(drain: .milliseconds(300)), ConnectionTimeouts(drain: .seconds(600), maximumDrainBytes: 1000),
    ])
    func whatIsLeftOfARefusedBodyIsNotReadForEver(timeouts: ConnectionTimeouts) async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve(timeouts: timeouts) { address in
            let request = fixture.request("POST", "/v2/email/outbound-emails", keyID: "AKIAAAAAAAAAAAAAAAAA", contentLength: 500_000)
            let isClosed = try await Wire.connect(to: address) { wire in
                try await wire.send(request.head)
                _ = try await wire.answer()
                try? await wire.send(String(repeating: "x", count: 2000))
                return try await wire.isClosed()
            }
            #expect(isClosed)
        }
    }

    @Test func bodiesWithoutALength() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let head = fixture.request("POST", "/v2/email/outbound-emails", body: ServerFixture.simple).head
            let lines = head.split(separator: "\r\n").filter { !$0.hasPrefix("Content-Length") }.joined(separator: "\r\n")
            for end in ["\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", "\r\n\r\n"] {
                let answer = try await Wire.connect(to: address) { wire in
                    try await wire.send(lines + end)
                    return try await wire.answer()
                }
                #expect(answer?.status == 411)
                #expect(answer?.errorType == "MissingContentLength")
            }
        }
    }

    /// Two readings of one request are what request smuggling needs.
    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5, 6",
        "Content-Length: -5", "Content-Length: +5", "Content-Length: 0x5", "Content-Length: 99999999999999999999",
        "Transfer-Encoding: gzip, chunked, identity",
    ])
    func lengthsThatContradict(headers: String) async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let answer = try await Wire.connect(to: address) { wire in
                try await wire.send("POST /v2/email/outbound-emails HTTP/1.1\r\nHost: h\r\n\(headers)\r\n\r\nabcde")
                wire.finish()
                return try await wire.answer()
            }
            #expect([400, 403, 411, 413].contains(answer?.status ?? 400))
            #expect(fixture.bus.batches.isEmpty)
        }
    }

    @Test func anEarlyCloseLeavesNothing() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let request = fixture.request("POST", "/v2/email/outbound-emails", body: ServerFixture.simple)
            let answer = try await Wire.connect(to: address) { wire in
                try await wire.send(request.head + request.body.dropLast(10))
                wire.finish()
                return try await wire.answer()
            }
            #expect(answer == nil || answer?.status == 400)
            #expect(fixture.bus.batches.isEmpty)
            // The server is whole, and the bytes are given back.
            #expect(try await fixture.call(address, "GET", "/v2/email/account")?.status == 200)
            #expect(fixture.budget.used == 0)
        }
    }

    @Test(arguments: [1, 20_000])
    func hugeHeads(headers count: Int) async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let answer = try await Wire.connect(to: address) { wire in
                try await wire.send("GET /v2/email/account HTTP/1.1\r\nHost: h\r\n")
                let value = String(repeating: "v", count: 200_000 / count)
                for index in 0..<count { try? await wire.send("X-\(index): \(value)\r\n") }
                try? await wire.send("\r\n")
                return try await wire.answer()
            }
            #expect(answer?.status == nil || answer?.status == 400)
        }
    }

    @Test func hugeTargets() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let answer = try await Wire.connect(to: address) { wire in
                try? await wire.send("GET /v2/email/identities/\(String(repeating: "a", count: 1 << 20)) HTTP/1.1\r\nHost: h\r\n\r\n")
                return try await wire.answer()
            }
            #expect(answer?.status == nil || answer?.status == 400 || answer?.status == 403)
        }
    }

    @Test func garbage() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            for text in ["\0\u{1}\u{2}\r\n\r\n", "EHLO x\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n"] {
                let answer = try await Wire.connect(to: address) { wire in
                    try await wire.send(text)
                    wire.finish()
                    return try await wire.answer()
                }
                #expect(answer?.status == nil || (400..<500).contains(answer?.status ?? 0))
            }
            #expect(try await fixture.call(address, "GET", "/v2/email/account")?.status == 200)
        }
    }

    @Test func theByteBudgetIsShared() async throws {
        let fixture = try await ServerFixture()
        #expect(fixture.budget.reserve(128 << 20))
        try await fixture.serve { address in
            let answer = try await fixture.call(address, "POST", "/v2/email/outbound-emails", body: ServerFixture.simple)
            #expect(answer?.status == 503)
            #expect(answer?.errorType == "ServiceUnavailable")
            #expect(try await fixture.call(address, "GET", "/v2/email/account")?.status == 200)
        }
    }
}
