import ApusSchema
import ApusCore
import Backends
import ControlPlane
import Intake
import NIOCore
import SESInterface
import TestBackends
import Testing

struct OperationTests {
    @Test func sendEmail() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let answer = try #require(try await fixture.call(address, "POST", "/v2/email/outbound-emails", body: ServerFixture.simple))
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.headers["x-amzn-requestid"]?.utf8.count == 36)
            let event = try RecordCoding.decode(Apus_V1_SendingEvent.self, from: try #require(fixture.bus.records("apus.events").first).value)
            #expect(answer.body == #"{"MessageId":"\#(event.messageID)"}"#)
            #expect(event.messageID.utf8.count == 60)
            #expect(event.tags.contains { $0.name == "ses:source-ip" && $0.value == "127.0.0.1" })
            #expect(event.tags.contains { $0.name == "ses:caller-identity" && $0.value == fixture.key.id })
        }
    }

    @Test func identities() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let path = "/v2/email/identities"
            let created = try #require(
                try await fixture.call(address, "POST", path, body: #"{"EmailIdentity":"Example.NET","Tags":[{"Key":"k","Value":"v"}]}"#))
            #expect(created.status == 200)
            #expect(
                created.body.hasPrefix(
                    #"{"IdentityType":"DOMAIN","VerifiedForSendingStatus":false,"DkimAttributes":{"SigningEnabled":true,"Status":"NOT_STARTED","Tokens":["#
                ))
            #expect(
                created.body.contains(
                    #""SigningHostedZone":"dkim.example.org","SigningAttributesOrigin":"AWS_SES","NextSigningKeyLength":"RSA_2048_BIT""#))
            let again = try await fixture.call(address, "POST", path, body: #"{"EmailIdentity":"example.net"}"#)
            #expect(again?.errorType == "AlreadyExistsException")
            #expect(again?.body == #"{"message":"Email identity example.net already exist."}"#)
            let shown = try #require(try await fixture.call(address, "GET", path + "/example.net"))
            #expect(
                shown.body.contains(
                    #""MailFromAttributes":{"BehaviorOnMxFailure":"USE_DEFAULT_VALUE"},"Policies":{},"Tags":[{"Key":"k","Value":"v"}],"VerificationStatus":"PENDING","VerificationInfo":{}"#
                ))
            #expect(shown.body.contains(#""Status":"PENDING""#))
            let address1 = try await fixture.call(address, "GET", path + "/sender%40example.com")
            #expect(address1?.body.contains(#""IdentityType":"EMAIL_ADDRESS""#) == true)
            let missing = try await fixture.call(address, "GET", path + "/a%2Bb%40example.com")
            #expect(missing?.status == 404)
            #expect(missing?.body == #"{"message":"Email identity a+b@example.com does not exist."}"#)
            let deleted = try await fixture.call(address, "DELETE", path + "/example.net")
            #expect(deleted?.status == 200 && deleted?.body == "{}")
            #expect(try await fixture.call(address, "DELETE", path + "/example.net")?.errorType == "NotFoundException")
        }
    }

    @Test func listsHavePagesInBothForms() async throws {
        let fixture = try await ServerFixture()
        for index in 0..<4 { try await fixture.controlPlane.createIdentity(name: "u\(index)@example.com", account: fixture.account.id) }
        try await fixture.serve { address in
            let first = try #require(try await fixture.call(address, "GET", "/v2/email/identities?PageSize=3"))
            #expect(
                first.body.hasPrefix(
                    #"{"EmailIdentities":[{"IdentityType":"EMAIL_ADDRESS","IdentityName":"sender@example.com","SendingEnabled":true,"VerificationStatus":"SUCCESS"},"#
                ))
            let token = try #require(first.body.split(separator: "\"").last { $0.hasPrefix("a1") })
            let second = try #require(
                try await fixture.call(address, "POST", "/v2/email/list-identities", body: #"{"PageSize":2,"NextToken":"\#(token)"}"#))
            #expect(second.body.contains("u2@") && second.body.contains("u3@") && !second.body.contains("NextToken"))
            #expect(try await fixture.call(address, "GET", "/v2/email/identities?NextToken=zz")?.errorType == "BadRequestException")
            #expect(try await fixture.call(address, "POST", "/v2/email/list-identities", body: "{}")?.status == 200)
            #expect(try await fixture.call(address, "POST", "/v2/email/list-configuration-sets", body: "{}")?.body == #"{"ConfigurationSets":[]}"#)
        }
    }

    @Test func configurationSets() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let path = "/v2/email/configuration-sets"
            let body =
                #"{"ConfigurationSetName":"main","DeliveryOptions":{"TlsPolicy":"OPTIONAL","MaxDeliverySeconds":300},"SendingOptions":{},"SuppressionOptions":{"SuppressedReasons":["BOUNCE"]},"Tags":[{"Key":"k","Value":""}]}"#
            #expect(try await fixture.call(address, "POST", path, body: body)?.body == "{}")
            #expect(
                try await fixture.call(address, "GET", path + "/main")?.body
                    == #"{"ConfigurationSetName":"main","DeliveryOptions":{"TlsPolicy":"OPTIONAL","MaxDeliverySeconds":300},"ReputationOptions":{"ReputationMetricsEnabled":true},"SendingOptions":{"SendingEnabled":false},"Tags":[{"Key":"k","Value":""}],"SuppressionOptions":{"SuppressedReasons":["BOUNCE"]}}"#
            )
            #expect(try await fixture.call(address, "GET", path)?.body == #"{"ConfigurationSets":["main"]}"#)
            let again = try await fixture.call(address, "POST", path, body: #"{"ConfigurationSetName":"main"}"#)
            #expect(again?.body == #"{"message":"Configuration set <main> already exists."}"#)
            let pool = try await fixture.call(
                address, "POST", path, body: #"{"ConfigurationSetName":"b","DeliveryOptions":{"SendingPoolName":"p"}}"#)
            #expect(pool?.body == #"{"message":"SendingPool <p> doesn't exist"}"#)
            let strict = try await fixture.call(
                address, "POST", path, body: #"{"ConfigurationSetName":"c","DeliveryOptions":{"TlsPolicy":"REQUIRE"}}"#)
            #expect(strict?.status == 400 && strict?.body.contains("TlsPolicy REQUIRE is not supported") == true)
            #expect(try await fixture.call(address, "GET", path + "/c")?.status == 404)
            #expect(try await fixture.call(address, "POST", path, body: #"{"ConfigurationSetName":"a b"}"#)?.status == 400)
            let paused = ServerFixture.simple.dropLast() + #","ConfigurationSetName":"main"}"#
            #expect(
                try await fixture.call(address, "POST", "/v2/email/outbound-emails", body: String(paused))?.errorType == "SendingPausedException")
            #expect(try await fixture.call(address, "DELETE", path + "/main")?.body == "{}")
            let gone = try await fixture.call(address, "GET", path + "/main")
            #expect(gone?.status == 404 && gone?.body == #"{"message":"Configuration set <main> does not exist."}"#)
        }
    }

    @Test func account() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            _ = try await fixture.call(address, "POST", "/v2/email/outbound-emails", body: ServerFixture.simple)
            #expect(
                try await fixture.call(address, "GET", "/v2/email/account")?.body
                    == #"{"DedicatedIpAutoWarmupEnabled":false,"EnforcementStatus":"HEALTHY","ProductionAccessEnabled":true,"SendQuota":{"Max24HourSend":-1.0,"MaxSendRate":1000.0,"SentLast24Hours":1.0},"SendingEnabled":true,"SuppressionAttributes":{"SuppressedReasons":[]}}"#
            )
        }
    }

    @Test func accountsAreApart() async throws {
        let fixture = try await ServerFixture()
        let other = try await fixture.controlPlane.createAccount(name: "other")
        let key = try await fixture.controlPlane.createAccessKey(account: other.id)
        try await fixture.serve { address in
            let get = try await fixture.call(address, "GET", "/v2/email/identities/sender@example.com", keyID: key.id, secret: key.secret)
            #expect(get?.status == 404)
            let send = try await fixture.call(
                address, "POST", "/v2/email/outbound-emails", body: ServerFixture.simple, keyID: key.id, secret: key.secret)
            #expect(send?.errorType == "MessageRejected")
            #expect(fixture.bus.batches.isEmpty)
        }
    }

    @Test func theStoreIsAway() async throws {
        let fixture = try await ServerFixture()
        fixture.store.failWrites(with: StateError(.unavailable, "away"))
        try await fixture.serve { address in
            let answer = try await fixture.call(address, "POST", "/v2/email/configuration-sets", body: #"{"ConfigurationSetName":"a"}"#)
            #expect(answer?.status == 503 || answer?.status == 400)
            // Sending goes on from the copy in memory.
            #expect(try await fixture.call(address, "POST", "/v2/email/outbound-emails", body: ServerFixture.simple)?.status == 200)
        }
    }

    @Test func badInputIsAnsweredAndLeavesNothing() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let path = "/v2/email/outbound-emails"
            for (body, kind) in [
                ("{", "SerializationException"), (#"{"Content":7}"#, "SerializationException"), ("{}", "BadRequestException"),
                (#"{"Content":{"Raw":{"Data":"QQ=="},"Simple":{"Subject":{"Data":""},"Body":{}}}}"#, "BadRequestException"),
                (#"{"Content":{}}"#, "BadRequestException"),
                (ServerFixture.simple.replacing("sender@example.com", with: "a@b.c\\r\\nX: y"), "BadRequestException"),
                (ServerFixture.simple.replacing("sender@example.com", with: "other@example.com"), "MessageRejected"),
                (ServerFixture.simple.replacing(#"["x@example.net"]"#, with: "[]"), "BadRequestException"),
                (ServerFixture.simple.replacing(#""s""#, with: #""s\r\nBcc: x@y.z""#), "BadRequestException"),
            ] {
                let answer = try await fixture.call(address, "POST", path, body: body)
                #expect(answer?.errorType == kind, "\(body)")
            }
            #expect(fixture.bus.batches.isEmpty)
            #expect(fixture.budget.used == 0)
            #expect(try await fixture.throttling.used(account: fixture.account.id) == 0)
        }
    }
}
