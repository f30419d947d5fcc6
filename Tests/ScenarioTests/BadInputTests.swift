import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// What must not get in: the right error for each, and nothing enqueued.
    @Suite
    struct BadInput {
        /// A call and what must come back.
        private struct Case: Sendable {
            let name: String
            let body: [UInt8]
            var fault = SESClient.Fault()
            var statuses: Set<Int> = [400]
            let types: Set<String>

            init(_ name: String, _ body: [UInt8], fault: SESClient.Fault = .init(), status: Int = 400, _ types: String...) {
                self.name = name
                self.body = body
                self.fault = fault
                self.statuses = [status]
                self.types = Set(types)
            }

            init(_ name: String, _ body: String, fault: SESClient.Fault = .init(), status: Int = 400, _ types: String...) {
                self.init(name, Array(body.utf8), fault: fault, status: status, types: Set(types))
            }

            private init(_ name: String, _ body: [UInt8], fault: SESClient.Fault, status: Int, types: Set<String>) {
                self.name = name
                self.body = body
                self.fault = fault
                self.statuses = [status]
                self.types = types
            }
        }

        private static let good = SendEmailBody.simple(from: "ada@example.com", to: ["grace@remote.test"])

        private static func simple(_ content: String) -> String {
            #"{"FromEmailAddress":"ada@example.com","Destination":{"ToAddresses":["grace@remote.test"]},"Content":\#(content)}"#
        }

        private static var cases: [Case] {
            let text = #"{"Simple":{"Subject":{"Data":"s"},"Body":{"Text":{"Data":"t"}}}}"#
            let raw = "From: ada@example.com\r\nTo: grace@remote.test\r\nSubject: s\r\n\r\nt\r\n"
            return [
                // Malformed JSON.
                Case("empty body", "", "SerializationException", "BadRequestException"),
                Case("no JSON", "Action=SendEmail&Version=2010-12-01", "SerializationException"),
                Case("cut off", String(decoding: Self.good.dropLast(3), as: UTF8.self), "SerializationException"),
                Case("two values", String(decoding: Self.good, as: UTF8.self) + "{}", "SerializationException"),
                Case("an array", "[1,2,3]", "SerializationException"),
                Case("null", "null", "SerializationException", "BadRequestException"),
                Case("a lone surrogate", Self.simple(text.replacing("\"s\"", with: #""\ud83d""#)), "SerializationException", "BadRequestException"),
                Case("nested too deep", String(repeating: "[", count: 200_000), "SerializationException"),
                Case("nested too deep in a member", #"{"Content":"# + String(repeating: #"{"Simple":"#, count: 50_000), "SerializationException"),
                Case("a number without end", #"{"FromEmailAddress":1e99999999999}"#, "SerializationException"),
                Case(
                    "invalid UTF-8 in a text", Array(#"{"FromEmailAddress":""#.utf8) + [0xC3, 0x28, 0xFF] + Array(#""}"#.utf8),
                    "SerializationException", "BadRequestException"),
                Case(
                    "invalid UTF-8 in a name", Array(#"{""#.utf8) + [0xFF, 0xFE] + Array(#"":1}"#.utf8), "SerializationException",
                    "BadRequestException"),
                // Wrong types.
                Case("a number for a text", Self.simple(text.replacing("\"s\"", with: "7")), "SerializationException"),
                Case("a list for a structure", Self.simple("[]"), "SerializationException"),
                Case(
                    "a text for a list", Self.simple(text).replacing(#"["grace@remote.test"]"#, with: #""grace@remote.test""#),
                    "SerializationException"),
                Case("a bool for a text", Self.simple(text).replacing(#""ada@example.com""#, with: "true"), "SerializationException"),
                Case("raw data that is no base64", Self.simple(#"{"Raw":{"Data":"%%%"}}"#), "SerializationException", "BadRequestException"),
                // Missing and contradicting.
                Case("no content", #"{"FromEmailAddress":"ada@example.com","Destination":{"ToAddresses":["a@b.test"]}}"#, "BadRequestException"),
                Case("empty content", Self.simple("{}"), "BadRequestException"),
                Case(
                    "two contents",
                    Self.simple(String(text.dropLast()) + #","Raw":{"Data":"\#(Data(raw.utf8).base64EncodedString())"}}"#), "BadRequestException"),
                Case("no subject data", Self.simple(#"{"Simple":{"Subject":{},"Body":{"Text":{"Data":"t"}}}}"#), "BadRequestException"),
                Case("no sender", #"{"Destination":{"ToAddresses":["a@b.test"]},"Content":\#(text)}"#, "BadRequestException"),
                Case("no destination", #"{"FromEmailAddress":"ada@example.com","Content":\#(text)}"#, "BadRequestException", "MessageRejected"),
                Case(
                    "an empty destination", #"{"FromEmailAddress":"ada@example.com","Destination":{},"Content":\#(text)}"#, "BadRequestException",
                    "MessageRejected"),
                Case("raw without From", SendEmailBody.raw("To: a@b.test\r\nSubject: s\r\n\r\nt\r\n", to: ["a@b.test"]), "BadRequestException"),
                Case(
                    "raw with two From fields", SendEmailBody.raw("From: ada@example.com\r\n" + raw, to: ["a@b.test"]), "BadRequestException",
                    "MessageRejected"),
                Case(
                    "raw without destination", SendEmailBody.raw("From: ada@example.com\r\nSubject: s\r\n\r\nt\r\n"), "BadRequestException",
                    "MessageRejected"),
                // Oversized.
                Case(
                    "51 recipients", SendEmailBody.simple(from: "ada@example.com", to: (0..<51).map { "r\($0)@remote.test" }), "BadRequestException",
                    "MessageRejected"),
                Case(
                    "51 in three lists",
                    SendEmailBody.simple(
                        from: "ada@example.com", to: (0..<20).map { "t\($0)@remote.test" }, cc: (0..<20).map { "c\($0)@remote.test" },
                        bcc: (0..<11).map { "b\($0)@remote.test" }), "BadRequestException", "MessageRejected"),
                Case(
                    "16 headers", SendEmailBody.simple(from: "ada@example.com", to: ["a@b.test"], headers: (0..<16).map { ("X-H\($0)", "v") }),
                    "BadRequestException"),
                Case(
                    "a header value of 1,000 octets",
                    SendEmailBody.simple(from: "ada@example.com", to: ["a@b.test"], headers: [("X-Long", String(repeating: "v", count: 1_000))]),
                    "BadRequestException"),
                Case(
                    "a configuration set name of 65 octets",
                    Self.simple(text).dropLast() + #","ConfigurationSetName":"\#(String(repeating: "c", count: 65))"}"#, status: 404,
                    "NotFoundException",
                    "NotFoundException"),
                Case(
                    "an address of 400 octets", SendEmailBody.simple(from: "ada@example.com", to: [String(repeating: "a", count: 400) + "@b.test"]),
                    "BadRequestException"),
                Case("a bad tag name", Self.simple(text).dropLast() + #","EmailTags":[{"Name":"not good","Value":"v"}]}"#, "BadRequestException"),
                // CR and LF, and what could pass for an address.
                Case(
                    "CR LF in the sender", SendEmailBody.simple(from: "ada@example.com\r\nBcc: x@evil.test", to: ["a@b.test"]), "BadRequestException"),
                Case("CR LF in a recipient", SendEmailBody.simple(from: "ada@example.com", to: ["a@b.test>\r\nDATA\r\n"]), "BadRequestException"),
                Case("LF in a recipient", SendEmailBody.simple(from: "ada@example.com", to: ["a\n@b.test"]), "BadRequestException"),
                Case(
                    "CR LF in a display name", SendEmailBody.simple(from: "ada@example.com", to: ["\"A\r\nBcc: x@evil.test\" <a@b.test>"]),
                    "BadRequestException"),
                Case("NUL in a recipient", SendEmailBody.simple(from: "ada@example.com", to: ["a\u{0}@b.test"]), "BadRequestException"),
                Case("no address", SendEmailBody.simple(from: "ada@example.com", to: ["nobody"]), "BadRequestException"),
                Case("an empty address", SendEmailBody.simple(from: "ada@example.com", to: [""]), "BadRequestException"),
                Case(
                    "CR LF in a header's name", SendEmailBody.simple(from: "ada@example.com", to: ["a@b.test"], headers: [("X-A\r\nBcc", "v")]),
                    "BadRequestException"),
                Case(
                    "CR LF in a header's value",
                    SendEmailBody.simple(from: "ada@example.com", to: ["a@b.test"], headers: [("X-A", "v\r\nBcc: x@evil.test")]),
                    "BadRequestException"),
                // Who may.
                Case("an unverified sender", SendEmailBody.simple(from: "ada@elsewhere.test", to: ["a@b.test"]), "MessageRejected"),
                Case(
                    "an unverified From in raw content",
                    SendEmailBody.raw(raw.replacing("ada@example.com", with: "ada@elsewhere.test"), to: ["a@b.test"]), "MessageRejected"),
                Case(
                    "an unknown configuration set", Self.simple(text).dropLast() + #","ConfigurationSetName":"missing"}"#, status: 404,
                    "NotFoundException"),
                Case("no signature", Self.good, fault: .init(isUnsigned: true), status: 403, "MissingAuthenticationTokenException"),
                Case(
                    "a stale signature", Self.good, fault: .init(skewSeconds: -20 * 60), status: 403, "InvalidSignatureException",
                    "SignatureDoesNotMatch", "RequestExpired"),
                Case(
                    "a signature from the future", Self.good, fault: .init(skewSeconds: 20 * 60), status: 403, "InvalidSignatureException",
                    "SignatureDoesNotMatch"),
                Case(
                    "a body that is not the signed one", Self.good, fault: .init(signedBody: Array("{}".utf8)), status: 403,
                    "InvalidSignatureException", "SignatureDoesNotMatch"),
            ]
        }

        @Test
        func eachIsRefusedAndNothingIsEnqueued() async throws {
            try await Stage.run(within: .seconds(180)) { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let address = try server.address
                var wrong: [String] = []
                for entry in Self.cases {
                    let answer: SESAnswer
                    do {
                        answer = try await client.send(entry.body, to: address, fault: entry.fault)
                    } catch {
                        wrong.append("\(entry.name): no answer (\(error))")
                        continue
                    }
                    if !entry.statuses.contains(answer.status) || !entry.types.contains(answer.errorType ?? "") {
                        wrong.append("\(entry.name): \(answer.summary)")
                    } else if answer.header("x-amzn-RequestId") == nil || answer.message == nil {
                        wrong.append("\(entry.name): lacks a request id or a message: \(answer.summary)")
                    }
                }
                // Keys.
                let stranger = SESClient(key: AccessKeyPair(id: "AKIAAAAAAAAAAAAAAAAA", secret: "secret"), http: stage.http)
                let unknown = try await stranger.send(Self.good, to: address)
                if unknown.status != 403 || !["UnrecognizedClientException", "InvalidClientTokenId"].contains(unknown.errorType) {
                    wrong.append("unknown key: \(unknown.summary)")
                }
                let forger = SESClient(key: AccessKeyPair(id: client.key.id, secret: client.key.secret + "x"), http: stage.http)
                let forged = try await forger.send(Self.good, to: address)
                if forged.status != 403 || !["InvalidSignatureException", "SignatureDoesNotMatch"].contains(forged.errorType) {
                    wrong.append("wrong secret: \(forged.summary)")
                }
                // One account's identity is nothing to another.
                let other = SESClient(key: try await server.createKey(account: "other"), http: stage.http)
                let foreign = try await other.send(Self.good, to: address)
                if foreign.errorType != "MessageRejected" { wrong.append("another account's identity: \(foreign.summary)") }
                let elsewhere = SESClient(key: client.key, http: stage.http, region: "eu-west-3")
                let region = try await elsewhere.send(Self.good, to: address)
                if region.status != 403 { wrong.append("another region: \(region.summary)") }
                #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")

                // Unknown members are ignored, as SES does; and the server is as well as it was.
                let fine = Self.simple(#"{"Simple":{"Subject":{"Data":"s"},"Body":{"Text":{"Data":"t"}}},"Nonsense":[{}]}"#)
                let answer = try await client.send(Array(fine.utf8), to: address)
                try #require(answer.status == 200, "\(answer.summary)")
                let messageID = try #require(answer.messageID)
                let events = try await server.followEvents().untilFinal([messageID], within: .seconds(30))
                #expect(Set(events.map(\.messageID)) == [messageID], "refused calls left events")
                #expect(try sink.count == 1)
                // A commit follows its event within the commit interval.
                var waiting = try await server.queue().waiting
                let deadline = ContinuousClock.now + .seconds(15)
                while waiting != 0, ContinuousClock.now < deadline { waiting = try await server.queue().waiting }
                #expect(waiting == 0)
            }
        }

        /// More than a request or a message may hold is refused in SES's words, not by closing the connection under the client.
        @Test
        func whatIsTooLargeIsToldSo() async throws {
            try await Stage.run(within: .seconds(180)) { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink)
                let address = try server.address
                // Above what a request may have: the head alone says it, ...
                let request = SendEmailBody.raw(Self.message(bytes: 41 << 20))
                let head = Self.head(of: request, by: client, to: address)
                let early = try await RawConnection(to: address)
                try await early.write(head)
                var answers = [("to the head", try await early.readAnswer())]
                // ... and a client that reads only when it has sent everything, as SDKs do, is told as well.
                let late = try await RawConnection(to: address)
                try await late.write(head + request)
                answers.append(("to all of it", try await late.readAnswer()))
                for (name, answer) in answers {
                    #expect(answer.status == 413 && answer.errorType == "RequestEntityTooLargeException", "\(name): \(answer.summary)")
                    #expect(answer.message?.contains("larger than") == true, "\(name): \(answer.summary)")
                    #expect(answer.header("x-amzn-RequestId") != nil, "\(name)")
                }
                // A request of a size that is allowed, with a message that is one byte too long.
                let answer = try await client.send(SendEmailBody.raw(Self.message(bytes: (40 << 20) + 1)), to: address)
                #expect(answer.status == 400 && answer.errorType == "BadRequestException", "\(answer.summary)")
                #expect(answer.message == "Message length is more than 41943040 bytes long.", "\(answer.summary)")

                let after = try await client.send(Self.good, to: address)
                let messageID = try #require(after.messageID, "\(after.summary)")
                let events = try await server.followEvents().untilFinal([messageID], within: .seconds(30))
                #expect(Set(events.map(\.messageID)) == [messageID], "refused calls left events")
                #expect(try sink.count == 1)
            }
        }

        /// Clients that send a head or a body slower than anyone should are let go of, and hold up nobody.
        @Test
        func slowClientsAreLetGo() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(
                    to: sink, settings: ["http.headerTimeout": "1s", "http.bodyTimeout": "1s"])
                let address = try server.address
                let head = Self.head(of: Self.good, by: client, to: address)
                async let cutHead = Self.exchange(address, Array(head.dropLast(20)))
                async let cutBody = Self.exchange(address, head + Self.good.dropLast(10))
                async let silence = Self.exchange(address, [])
                // Who has not asked anything yet is not answered.
                for (name, bytes) in try await [("half a head", cutHead), ("nothing", silence)] {
                    #expect(bytes.isEmpty, "\(name): \(String(decoding: bytes.prefix(200), as: UTF8.self))")
                }
                let bytes = try await cutBody
                let timeout = try #require(SESAnswer(wire: bytes), "half a body: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
                #expect(timeout.status == 408 && timeout.errorType == "RequestTimeoutException", "\(timeout.summary)")
                #expect(timeout.message != nil && timeout.header("x-amzn-RequestId") != nil, "\(timeout.summary)")
                let answer = try await client.send(Self.good, to: address)
                try #require(answer.status == 200, "\(answer.summary)")
                let events = try await server.followEvents().untilFinal([try #require(answer.messageID)], within: .seconds(30))
                #expect(events.count { $0.type == "Send" } == 1)
                #expect(try sink.count == 1)
            }
        }

        /// No HTTP at all, and heads without end.
        @Test
        func bytesThatAreNoRequestAreRefused() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink, settings: ["http.headerTimeout": "2s"])
                let address = try server.address
                let attempts: [(String, [UInt8])] = [
                    (
                        "TLS on the plain port",
                        [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] + [UInt8](repeating: 7, count: 500)
                    ),
                    ("SMTP", Array("EHLO client\r\nMAIL FROM:<a@b.test>\r\n".utf8)),
                    (
                        "a head of 1 MB",
                        Array("POST / HTTP/1.1\r\nHost: x\r\nX-Long: ".utf8) + [UInt8](repeating: 0x61, count: 1 << 20) + Array("\r\n\r\n".utf8)
                    ),
                    (
                        "100,000 fields",
                        Array("GET / HTTP/1.1\r\nHost: x\r\n".utf8) + Array(String(repeating: "A: b\r\n", count: 100_000).utf8) + Array("\r\n".utf8)
                    ),
                    (
                        "two lengths",
                        Array(
                            "POST \(SESClient.sendEmail) HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}"
                                .utf8)
                    ),
                    (
                        "length and chunks",
                        Array(
                            "POST \(SESClient.sendEmail) HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
                                .utf8)
                    ),
                    (
                        "a length beyond all bounds",
                        Array(
                            "POST \(SESClient.sendEmail) HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\nConnection: close\r\n\r\n"
                                .utf8)
                    ),
                ]
                for (name, bytes) in attempts {
                    let text = String(decoding: try await Self.exchange(address, bytes), as: UTF8.self)
                    #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 4") || text.hasPrefix("HTTP/1.0 4"), "\(name): \(text.prefix(200))")
                }
                let answer = try await client.send(Self.good, to: address)
                #expect(answer.status == 200, "\(answer.summary)")
            }
        }

        /// A raw message of exactly so many bytes.
        private static func message(bytes: Int) -> String {
            let head = "From: ada@example.com\r\nTo: a@b.test\r\n\r\n"
            let line = String(repeating: "x", count: 76) + "\r\n"
            let (lines, rest) = (bytes - head.utf8.count).quotientAndRemainder(dividingBy: line.utf8.count)
            return head + String(repeating: line, count: lines) + String(repeating: "x", count: rest)
        }

        /// The head of a SendEmail request, for connections that send it by hand.
        private static func head(of body: [UInt8], by client: SESClient, to address: String) -> [UInt8] {
            let headers = client.signedHeaders(method: "POST", target: SESClient.sendEmail, address: address, body: body)
            let lines = headers.map { "\($0.name): \($0.value)\r\n" }.joined()
            return Array("POST \(SESClient.sendEmail) HTTP/1.1\r\n\(lines)Content-Length: \(body.count)\r\n\r\n".utf8)
        }

        private static func exchange(_ address: String, _ bytes: [UInt8]) async throws -> [UInt8] {
            let connection = try await RawConnection(to: address)
            try await connection.write(bytes)
            return try await connection.readToEnd()
        }
    }
}
