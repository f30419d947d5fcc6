import ChildProcesses
import Foundation
import TestSupport
import Testing

extension Scenarios {
    /// What an operator sets, and what of it is seen from outside.
    @Suite
    struct ServeOptions {
        /// A server that was told everything by the file, and by what goes before it.
        private struct Layer: Sendable {
            let name: String
            let server: ApusServer
            let sink: SinkProcess
            /// What must be in force.
            let host: String
            let region: String
            let hello: String
        }

        private static let good = SendEmailBody.simple(from: "ada@example.com", to: ["grace@remote.test"])

        // MARK: TLS and probes

        @Test
        func theAPISpeaksTLSWithACertificate() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let certificate = try await ServerCertificate.make(in: stage.folder)
                let half = try stage.makeServer("half", arguments: ["--tls-cert", certificate.file])
                let refused = try await Child.run(Programs.apus, half.serveArguments())
                #expect(!refused.end.isSuccess)
                #expect(refused.errors.contains("http.tls.cert and http.tls.key"), "\(refused.errors)")

                let server = try stage.makeServer(
                    arguments: ["--route", "*=\(sink.address)", "--tls-cert", certificate.file, "--tls-key", certificate.keyFile])
                try await server.start()
                #expect(try server.scheme == "https")
                let key = try await stage.makeClient(of: server).key
                let client = SESClient(key: key, http: stage.makeHTTPClient(trusting: certificate), scheme: "https")
                let answer = try await client.send(Self.good, to: server.address)
                let messageID = try #require(answer.messageID, "\(answer.summary)")
                let events = try await server.followEvents().untilFinal([messageID], within: .seconds(30))
                #expect(events.contains { $0.messageID == messageID && $0.type == "Delivery" })
                #expect(try sink.count == 1)
                let probe = try await client.call("GET", "/readyz", to: server.address, fault: .init(isUnsigned: true))
                #expect(probe.status == 200, "\(probe.summary)")

                // Nothing is said in clear on that port, and nobody who does not know the certificate is served.
                let plain = try await RawConnection(to: server.address)
                try await plain.write(Array("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
                let bytes = try await plain.readToEnd()
                #expect(SESAnswer(wire: bytes) == nil, "\(String(decoding: bytes.prefix(200), as: UTF8.self))")
                let stranger = SESClient(key: key, http: stage.http, scheme: "https")
                await #expect(throws: (any Error).self) { try await stranger.send(Self.good, to: server.address) }
                #expect(try sink.count == 1)
            }
        }

        @Test
        func aHealthyServerIsReady() async throws {
            try await Stage.run { stage in
                let server = try stage.makeServer()
                try await server.start()
                let client = SESClient(key: try await server.createKey(), http: stage.http)
                let answer = try await client.call("GET", "/readyz", to: server.address, fault: .init(isUnsigned: true))
                #expect(answer.status == 200 && answer.body == Array("ok\n".utf8), "\(answer.summary)")
                let address = try server.address
                #expect(try await server.stop().isSuccess)
                // Nobody answers for a server that has gone.
                await #expect(throws: (any Error).self) {
                    try await client.call("GET", "/readyz", to: address, fault: .init(isUnsigned: true))
                }
            }
        }

        // MARK: Precedence

        @Test
        func flagsGoBeforeVariablesAndVariablesBeforeTheFile() async throws {
            try await Stage.run { stage in
                let fileSink = try await stage.startSink("file-sink")
                let variableSink = try await stage.startSink("variable-sink")
                let flagSink = try await stage.startSink("flag-sink")
                let settings: [String: any Sendable] = [
                    "http.listen": "127.0.0.3:0", "region": "eu-west-3", "delivery.ehlo": "file.apus.test",
                    "delivery.routes": ["*=\(fileSink.address)"],
                ]
                let variables = [
                    "APUS_HTTP_LISTEN": "127.0.0.2:0", "APUS_REGION": "eu-central-1", "APUS_DELIVERY_EHLO": "variable.apus.test",
                    "APUS_DELIVERY_ROUTES": "*=\(variableSink.address)",
                ]
                let layers = [
                    Layer(
                        name: "file", server: try stage.makeServer("by-file", settings: settings, http: nil), sink: fileSink,
                        host: "127.0.0.3", region: "eu-west-3", hello: "file.apus.test"),
                    Layer(
                        name: "variable", server: try stage.makeServer("by-variable", settings: settings, http: nil, environment: variables),
                        sink: variableSink, host: "127.0.0.2", region: "eu-central-1", hello: "variable.apus.test"),
                    // There are no flags for the region and the name: there the variable stays in force.
                    Layer(
                        name: "flag",
                        server: try stage.makeServer(
                            "by-flag", settings: settings, arguments: ["--route", "*=\(flagSink.address)"], http: "127.0.0.1:0",
                            environment: variables),
                        sink: flagSink, host: "127.0.0.1", region: "eu-central-1", hello: "variable.apus.test"),
                ]
                for layer in layers {
                    try await layer.server.start()
                    let address = try layer.server.address
                    #expect(address.hasPrefix("\(layer.host):"), "\(layer.name): \(address)")
                    let key = try await stage.makeClient(of: layer.server).key
                    for region in ["us-east-1", "eu-west-3", "eu-central-1"] where region != layer.region {
                        let answer = try await SESClient(key: key, http: stage.http, region: region).send(Self.good, to: address)
                        #expect(answer.status == 403, "\(layer.name), \(region): \(answer.summary)")
                    }
                    let answer = try await SESClient(key: key, http: stage.http, region: layer.region).send(Self.good, to: address)
                    let messageID = try #require(answer.messageID, "\(layer.name): \(answer.summary)")
                    _ = try await layer.server.followEvents().untilFinal([messageID], within: .seconds(30))
                    #expect(try layer.sink.messages().map(\.hello) == [layer.hello], "\(layer.name)")
                    #expect(try await layer.server.stop().isSuccess, "\(layer.name)")
                }
                // Each sink has its own layer's message and no other's.
                for layer in layers { #expect(try layer.sink.count == 1, "\(layer.name)") }
            }
        }

        // MARK: Master keys

        private static func masterKey(_ byte: UInt8) -> String {
            Data(repeating: byte, count: 32).base64EncodedString()
        }

        /// What the sealed secrets are needed for: the access key opens the API, the DKIM keys sign.
        private static func sendSigned(with client: SESClient, through server: ApusServer, to sink: SinkProcess) async throws {
            let before = try sink.count
            let answer = try await client.send(Self.good, to: server.address)
            let messageID = try #require(answer.messageID, "\(answer.summary)")
            let log = try await server.followEvents()
            _ = try await log.untilFinal([messageID], within: .seconds(30))
            try await log.close()
            let messages = try sink.messages()
            #expect(messages.count == before + 1)
            #expect(messages.allSatisfy { $0.values("DKIM-Signature").first?.contains("d=example.com") == true })
        }

        @Test
        func theMasterKeyMayComeFromAVariable() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let name = "APUS_SECURITY_MASTER_KEY"
                let server = try stage.makeServer(arguments: ["--route", "*=\(sink.address)"], environment: [name: Self.masterKey(1)])
                try await server.start()
                let client = try await stage.makeClient(of: server)
                try await server.killAndRestart()
                try await Self.sendSigned(with: client, through: server, to: sink)
                // It is nowhere in the folder, or sealing would be for nothing.
                #expect(!FileManager.default.fileExists(atPath: server.data + "/master.keys"))
                #expect(try await server.stop().isSuccess)
                #expect(try await server.command("identities", "show", "example.com").contains("SUCCESS"))

                let other = Self.masterKey(2)
                let wrong = try await Child.run(Programs.apus, server.serveArguments(), environment: Child.plainEnvironment([name: other]))
                #expect(!wrong.end.isSuccess)
                #expect(wrong.errors.contains("master key") && wrong.errors.contains("not among the keys given"), "\(wrong.errors)")
                #expect(!wrong.errors.contains(other) && !wrong.errors.contains(Self.masterKey(1)))
                let short = Data(repeating: 3, count: 31).base64EncodedString()
                let malformed = try await Child.run(Programs.apus, server.serveArguments(), environment: Child.plainEnvironment([name: short]))
                #expect(!malformed.end.isSuccess)
                #expect(malformed.errors.contains("security.masterKey") && malformed.errors.contains("32 random bytes"), "\(malformed.errors)")
                #expect(!malformed.errors.contains(short))

                // Being refused has changed nothing.
                try await server.start()
                try await Self.sendSigned(with: client, through: server, to: sink)
            }
        }

        @Test
        func theMasterKeyMayComeFromAFile() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                @Sendable func write(_ keys: [UInt8], mode: Int = 0o600) throws -> String {
                    let file = try stage.folder.write("# The newest first.\n" + keys.map { Self.masterKey($0) + "\n" }.joined(), to: "keys")
                    try FileManager.default.setAttributes([.posixPermissions: NSNumber(value: mode)], ofItemAtPath: file)
                    return file
                }
                let file = try write([1], mode: 0o644)
                let server = try stage.makeServer(settings: ["security.masterKeyFile": file], arguments: ["--route", "*=\(sink.address)"])
                let open = try await Child.run(Programs.apus, server.serveArguments())
                #expect(!open.end.isSuccess)
                #expect(open.errors.contains("chmod 600") && open.errors.contains(file), "\(open.errors)")

                _ = try write([1])
                try await server.start()
                let client = try await stage.makeClient(of: server)
                try await server.killAndRestart()
                try await Self.sendSigned(with: client, through: server, to: sink)
                #expect(!FileManager.default.fileExists(atPath: server.data + "/master.keys"))
                #expect(try await server.stop().isSuccess)

                _ = try write([2])
                let wrong = try await Child.run(Programs.apus, server.serveArguments())
                #expect(!wrong.end.isSuccess)
                #expect(wrong.errors.contains("not among the keys given"), "\(wrong.errors)")

                // A new key on top of the old one: what was sealed opens, and what is new is sealed with the new one.
                _ = try write([2, 1])
                try await server.start()
                try await Self.sendSigned(with: client, through: server, to: sink)
                let newer = try await server.createKey()
                #expect(try await server.stop().isSuccess)
                _ = try write([1])
                let old = try await Child.run(Programs.apus, server.serveArguments())
                #expect(!old.end.isSuccess)
                #expect(old.errors.contains("not among the keys given"), "\(old.errors)")
                _ = try write([1, 2])
                try await server.start()
                for key in [client.key, newer] {
                    let answer = try await SESClient(key: key, http: stage.http).call("GET", "/v2/email/account", to: server.address)
                    #expect(answer.status == 200, "\(answer.summary)")
                }
            }
        }

        // MARK: Limits of accounts

        @Test
        func aboveTheRateCallsAreRejectedOnlyWhereThatIsSet() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                // One recipient in fifty seconds, after a burst of as many as a message may have.
                let rate = 0.02
                let (server, client) = try await stage.startServer(
                    to: sink, settings: ["sending.rateMode": "reject", "accounts.maximumSendRate": rate])
                let burst = SendEmailBody.simple(from: "ada@example.com", to: (0..<50).map { "r\($0)@remote.test" })
                let first = try await client.send(burst, to: server.address)
                let messageID = try #require(first.messageID, "\(first.summary)")
                for _ in 1...3 {
                    let answer = try await client.send(Self.good, to: server.address)
                    #expect(answer.status == 429 && answer.errorType == "TooManyRequestsException", "\(answer.summary)")
                    #expect(answer.message == "Maximum sending rate exceeded.", "\(answer.summary)")
                }
                let events = try await server.followEvents().untilFinal([messageID], within: .seconds(30))
                #expect(Set(events.map(\.messageID)) == [messageID], "refused calls left events")
                #expect(try await server.stop().isSuccess)

                // Elsewhere what is above the rate is accepted, and delivery takes its time.
                let pacing = try stage.makeServer(
                    "pacing", settings: ["accounts.maximumSendRate": rate], arguments: ["--route", "*=\(sink.address)"])
                try await pacing.start()
                let paced = try await stage.makeClient(of: pacing)
                for body in [burst, Self.good, Self.good] {
                    let answer = try await paced.send(body, to: pacing.address)
                    #expect(answer.status == 200, "\(answer.summary)")
                }
            }
        }

        @Test
        func theDailyQuotaIsNeverOverdrawn() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink, settings: ["accounts.maximum24HourSend": 3])
                func send(_ recipients: Int) async throws -> SESAnswer {
                    let body = SendEmailBody.simple(from: "ada@example.com", to: (0..<recipients).map { "r\($0)@remote.test" })
                    return try await client.send(body, to: server.address)
                }
                func expectExceeded(_ recipients: Int) async throws {
                    let answer = try await send(recipients)
                    #expect(answer.status == 429 && answer.errorType == "TooManyRequestsException", "\(answer.summary)")
                    #expect(answer.message == "Daily message quota exceeded.", "\(answer.summary)")
                }
                let first = try await send(2)
                #expect(first.status == 200, "\(first.summary)")
                // Recipients count, not calls; and what does not fit as a whole takes nothing.
                try await expectExceeded(2)
                let second = try await send(1)
                #expect(second.status == 200, "\(second.summary)")
                try await expectExceeded(1)
                // A crash gives nothing back.
                try await server.killAndRestart()
                try await expectExceeded(1)
                let account = try await client.call("GET", "/v2/email/account", to: server.address)
                let quota = try Self.object(account)["SendQuota"] as? [String: Any]
                let (most, sent) = (quota?["Max24HourSend"] as? NSNumber, quota?["SentLast24Hours"] as? NSNumber)
                #expect(most?.intValue == 3 && sent?.intValue == 3, "\(account.summary)")
                let accepted: Set<String> = [try #require(first.messageID), try #require(second.messageID)]
                let events = try await server.followEvents().untilFinal(accepted, within: .seconds(30))
                #expect(Set(events.map(\.messageID)) == accepted, "refused calls left events")
            }
        }

        // MARK: Signing

        @Test
        func ed25519SignsBesideRSA() async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let (server, client) = try await stage.startServer(to: sink, settings: ["sending.ed25519": true])
                let answer = try await client.send(Self.good, to: server.address)
                _ = try await server.followEvents().untilFinal([try #require(answer.messageID, "\(answer.summary)")], within: .seconds(30))
                let message = try #require(try sink.messages().first)
                let signatures = message.values("DKIM-Signature")
                #expect(signatures.count == 2)
                #expect(Set(signatures.compactMap { Self.tag("a", of: $0) }) == ["rsa-sha256", "ed25519-sha256"], "\(signatures)")
                #expect(signatures.allSatisfy { Self.tag("d", of: $0) == "example.com" }, "\(signatures)")
                // Each key has a selector of its own, and both are among what is to be published.
                let records = try await server.command("identities", "records", "example.com")
                let selectors = Set(signatures.compactMap { Self.tag("s", of: $0) })
                #expect(selectors.count == 2)
                for selector in selectors { #expect(records.contains("\(selector)._domainkey.example.com."), "\(records)") }
                #expect(records.contains("k=rsa") && records.contains("k=ed25519"), "\(records)")
            }
        }

        /// The value of a tag in a DKIM-Signature field (RFC 6376, section 3.2), folding taken out.
        private static func tag(_ name: String, of field: String) -> String? {
            for part in field.split(separator: ";") {
                let text = part.split { $0.isWhitespace }.joined()
                if text.hasPrefix("\(name)=") { return String(text.dropFirst(name.count + 1)) }
            }
            return nil
        }

        // MARK: Identities

        /// An SDK made it, and it waits for DNS or for a mail: the operator's word settles it.
        @Test(arguments: [
            ("later.example", "later.example", "ada@later.example"),
            ("person@elsewhere.example", "person%40elsewhere.example", "person@elsewhere.example"),
        ])
        func theOperatorVouchesForWhatAnSDKMade(identity: String, path: String, sender: String) async throws {
            try await Stage.run { stage in
                let sink = try await stage.startSink()
                let server = try stage.makeServer(arguments: ["--route", "*=\(sink.address)"])
                try await server.start()
                let client = SESClient(key: try await server.createKey(), http: stage.http)
                let mail = SendEmailBody.simple(from: sender, to: ["grace@remote.test"])
                @Sendable func show() async throws -> SESAnswer {
                    try await client.call("GET", "/v2/email/identities/\(path)", to: server.address)
                }
                let created = try await client.call(
                    "POST", "/v2/email/identities", to: server.address, body: Array(#"{"EmailIdentity":"\#(identity)"}"#.utf8))
                #expect(created.status == 200, "\(created.summary)")
                let before = try await show()
                #expect(try Self.isVerified(before) == false, "\(before.summary)")
                let refused = try await client.send(mail, to: server.address)
                #expect(refused.status == 400 && refused.errorType == "MessageRejected", "\(refused.summary)")

                #expect(try await server.command("identities", "create", identity, "--verified").contains("SUCCESS"))
                let after = try await show()
                #expect(try Self.isVerified(after) == true, "\(after.summary)")
                #expect(after.member("VerificationStatus") == "SUCCESS", "\(after.summary)")
                // The keys are the ones that the owner has been shown.
                #expect(try Self.tokens(after) == Self.tokens(before))
                let answer = try await client.send(mail, to: server.address)
                let messageID = try #require(answer.messageID, "\(answer.summary)")
                let events = try await server.followEvents().untilFinal([messageID], within: .seconds(30))
                #expect(Set(events.map(\.messageID)) == [messageID])
                let message = try #require(try sink.messages().first)
                let signedBy = message.values("DKIM-Signature").compactMap { Self.tag("d", of: $0) }
                // An address has no keys: those of its domain would sign, if that were an identity.
                let expected = identity.contains("@") ? [] : [identity]
                #expect(signedBy == expected)

                // Saying it twice is no error, and it outlives the process.
                #expect(try await server.command("identities", "create", identity, "--verified").contains("SUCCESS"))
                try await server.killAndRestart()
                let later = try await show()
                #expect(try Self.isVerified(later) == true, "\(later.summary)")
            }
        }

        private static func tokens(_ answer: SESAnswer) throws -> [String] {
            (try Self.object(answer)["DkimAttributes"] as? [String: Any])?["Tokens"] as? [String] ?? []
        }

        private static func isVerified(_ answer: SESAnswer) throws -> Bool? {
            try Self.object(answer)["VerifiedForSendingStatus"] as? Bool
        }

        private static func object(_ answer: SESAnswer) throws -> [String: Any] {
            guard let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] else {
                throw ChildFailure("no JSON object: \(answer.summary)")
            }
            return object
        }
    }
}
