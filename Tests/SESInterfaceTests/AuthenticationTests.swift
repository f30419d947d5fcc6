import AWSSignature
import ApusCore
import ControlPlane
import Intake
import NIOCore
import SESInterface
import TestBackends
import Testing

struct AuthenticationTests {
    private static let account = "/v2/email/account"

    @Test func refusesWhatIsNotSignedRight() async throws {
        let fixture = try await ServerFixture()
        let inactive = try await fixture.controlPlane.createAccessKey(account: fixture.account.id)
        try await fixture.controlPlane.setAccessKey(id: inactive.id, isActive: false)
        try await fixture.serve { address in
            let unsigned = try await Wire.connect(to: address) { wire in
                try await wire.send("GET \(Self.account) HTTP/1.1\r\nHost: h\r\n\r\n")
                return try await wire.answer()
            }
            #expect(unsigned?.status == 403 && unsigned?.errorType == "MissingAuthenticationTokenException")
            let garbage = try await Wire.connect(to: address) { wire in
                try await wire.send("GET \(Self.account) HTTP/1.1\r\nHost: h\r\nAuthorization: AWS4-HMAC-SHA256 x\r\n\r\n")
                return try await wire.answer()
            }
            #expect(garbage?.status == 400 && garbage?.errorType == "IncompleteSignatureException")
            let answers = [
                ("SignatureDoesNotMatch", try await fixture.call(address, "GET", Self.account, secret: "wrong")),
                ("UnrecognizedClientException", try await fixture.call(address, "GET", Self.account, keyID: "AKIAAAAAAAAAAAAAAAAA")),
                ("UnrecognizedClientException", try await fixture.call(address, "GET", Self.account, keyID: inactive.id, secret: inactive.secret)),
                ("InvalidSignatureException", try await fixture.call(address, "GET", Self.account, at: ServerFixture.nowSeconds - 901)),
                ("InvalidSignatureException", try await fixture.call(address, "GET", Self.account, at: ServerFixture.nowSeconds + 901)),
                ("InvalidSignatureException", try await fixture.call(address, "GET", Self.account, region: "eu-west-1")),
            ]
            for (kind, answer) in answers {
                #expect(answer?.status == 403)
                #expect(answer?.errorType == kind)
            }
            #expect(try await fixture.call(address, "GET", Self.account, at: ServerFixture.nowSeconds - 899)?.status == 200)
        }
    }

    @Test func aBodyThatWasChangedIsRefused() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            for declares in [false, true] {
                let request = fixture.request("POST", "/v2/email/outbound-emails", body: ServerFixture.simple, bodyHashHeader: declares)
                let answer = try await Wire.connect(to: address) { wire in
                    try await wire.send(request.head + request.body.replacing("x@example.net", with: "y@example.net"))
                    return try await wire.answer()
                }
                #expect(answer?.status == 403)
            }
            #expect(fixture.bus.batches.isEmpty)
            let good = try await fixture.call(
                address, "POST", "/v2/email/outbound-emails", body: ServerFixture.simple, bodyHashHeader: true)
            #expect(good?.status == 200)
        }
    }

    @Test func aHeaderAddedBehindTheClientsBackIsRefused() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let request = fixture.request("GET", Self.account)
            let answer = try await Wire.connect(to: address) { wire in
                try await wire.send(request.head.replacing("\r\n\r\n", with: "\r\nX-Amz-Extra: 1\r\n\r\n"))
                return try await wire.answer()
            }
            #expect(answer?.errorType == "InvalidSignatureException")
        }
    }

    /// What is known from the head alone is answered without a byte of the body.
    @Test func refusesBeforeTheBody() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let path = "/v2/email/outbound-emails"
            for (request, kind) in [
                (fixture.request("POST", path, keyID: "AKIAAAAAAAAAAAAAAAAA", contentLength: 1000), "UnrecognizedClientException"),
                (fixture.request("POST", path, at: 0, contentLength: 1000), "InvalidSignatureException"),
                (fixture.request("POST", path, secret: "wrong", bodyHashHeader: true, contentLength: 1000), "SignatureDoesNotMatch"),
                (fixture.request("POST", path, contentLength: 60 << 20), "RequestEntityTooLargeException"),
                (fixture.request("POST", "/v2/email/identities", contentLength: (256 << 10) + 1), "RequestEntityTooLargeException"),
                (fixture.request("POST", "/v2/email/nothing", contentLength: 1000), "UnknownOperationException"),
            ] {
                let answer = try await Wire.connect(to: address) { wire in
                    try await wire.send(request.head)
                    return try await wire.answer()
                }
                #expect(answer?.errorType == kind)
                #expect(answer?.headers["connection"] == "close")
            }
            #expect(fixture.budget.used == 0)
        }
    }

    @Test func presignedRequestsAreAccepted() async throws {
        let fixture = try await ServerFixture()
        try await fixture.serve { address in
            let signable = SignableRequest(method: "GET", path: Self.account, headers: [(name: "host", value: "h")])
            let signer = SigV4Signer(accessKeyID: fixture.key.id, secret: fixture.key.secret, region: "us-east-1")
            let query = signer.presignedQuery(
                for: signable, bodyHash: PayloadHash.hash([UInt8]()), expiresInSeconds: 60, nowUnixSeconds: ServerFixture.nowSeconds)
            let answers = try await Wire.connect(to: address) { wire in
                try await wire.send("GET \(Self.account)?\(query) HTTP/1.1\r\nHost: h\r\n\r\n")
                let good = try await wire.answer()
                try await wire.send("GET /v2/email/identities?\(query) HTTP/1.1\r\nHost: h\r\n\r\n")
                return (good, try await wire.answer())
            }
            #expect(answers.0?.status == 200)
            #expect(answers.1?.errorType == "SignatureDoesNotMatch")
        }
    }
}
