import SESModel
import Testing

struct RequestDecoderTests {
    private static let router = Router(SESv2.operations)

    static func decode(_ path: String, _ body: String) throws -> StructureValue {
        try self.decode("POST", path, bytes: Array(body.utf8))
    }

    static func decode(_ method: String, _ path: String, query: String = "", _ body: String) throws -> StructureValue {
        try self.decode(method, path, query: query, bytes: Array(body.utf8))
    }

    static func decode(_ method: String, _ path: String, query: String = "", bytes: [UInt8]) throws -> StructureValue {
        let match = try #require(self.router.route(method: method, path: path[...]))
        return try RequestDecoder.decode(match, query: query[...], body: bytes)
    }

    private static func error(_ path: String, _ body: String) -> SESError? {
        #expect(throws: SESError.self) { try self.decode(path, body) }
    }

    private static let send = "/v2/email/outbound-emails"

    @Test func decodesSimpleContent() throws {
        let input = try Self.decode(
            Self.send,
            #"""
            {"FromEmailAddress":"a@b.c","Destination":{"ToAddresses":["x@y.z","w@y.z"],"BccAddresses":null},"Unknown":{"deep":[1,{"a":[true,null,-1.5e3]}]},
             "Content":{"Simple":{"Subject":{"Data":"Grüße \ud83d\ude00 \"q\" \/ \\ \n"},"Body":{"Text":{"Data":"hé","Charset":"UTF-8"}},
             "Headers":[{"Name":"X-A","Value":"v"}]}},"EmailTags":[{"Name":"n","Value":"v"}]}
            """#)
        #expect(input.string("FromEmailAddress") == "a@b.c")
        #expect(input.structure("Destination")?.strings("ToAddresses") == ["x@y.z", "w@y.z"])
        #expect(input.structure("Destination")?.strings("BccAddresses") == nil)
        let simple = try #require(input.structure("Content")?.structure("Simple"))
        #expect(simple.structure("Subject")?.string("Data") == "Grüße 😀 \"q\" / \\ \n")
        #expect(simple.structure("Body")?.structure("Text")?.string("Charset") == "UTF-8")
        #expect(simple.structures("Headers")?.first?.string("Value") == "v")
        #expect(input.structures("EmailTags")?.count == 1)
    }

    @Test(arguments: [
        ("Zm9vYmFy", "foobar"), ("Zm9vYmE=", "fooba"), ("Zm9vYg==", "foob"), ("", ""), (#"Pz8\/"#, "???"), (#"Pj4\u002B"#, ">>>"),
        (#"Zm9vYg\u003d="#, "foob"), ("Zm9vYg", "foob"),
    ])
    func decodesBlobs(text: String, expected: String) throws {
        let input = try Self.decode(Self.send, #"{"Content":{"Raw":{"Data":"\#(text)"}}}"#)
        #expect(input.structure("Content")?.structure("Raw")?.blob("Data") == Array(expected.utf8))
    }

    @Test(arguments: ["Z", "Zm9v!mFy", "Zm9vYm F", "Zm9=YmFy", "====", "Zm9vYg=", "Zm9v\\n", "Zm\u{e9}v"])
    func refusesWhatIsNoBase64(text: String) {
        let error = Self.error(Self.send, #"{"Content":{"Raw":{"Data":"\#(text)"}}}"#)
        #expect(error == .serialization("A blob of the request body is not valid base64"))
    }

    @Test func refusesBlobsAboveTheirBound() {
        let text = String(repeating: "AAAA", count: SESv2.maximumMessageBytes / 3 + 1)
        #expect(Self.error(Self.send, #"{"Content":{"Raw":{"Data":"\#(text)"}}}"#)?.kind == .badRequest)
    }

    @Test(arguments: [
        (#"{"FromEmailAddress":1}"#, "NUMBER_VALUE can not be converted to a String"),
        (#"{"FromEmailAddress":true}"#, "TRUE_VALUE can not be converted to a String"),
        (#"{"FromEmailAddress":false}"#, "FALSE_VALUE can not be converted to a String"),
        (#"{"FromEmailAddress":[]}"#, "Start of list found where not expected"),
        (#"{"FromEmailAddress":{}}"#, "Start of structure or map found where not expected."),
        (#"{"Destination":[]}"#, "Start of list found where not expected"),
        (#"{"Destination":"x"}"#, "Expected null"),
        (#"{"Destination":{"ToAddresses":"x"}}"#, "Expected list or null"),
        (#"{"Destination":{"ToAddresses":{}}}"#, "Expected list or null"),
        (#"{"Destination":{"ToAddresses":[1]}}"#, "NUMBER_VALUE can not be converted to a String"),
        (#"{"Content":{"Raw":{"Data":7}}}"#, "NUMBER_VALUE can not be converted to a Blob"),
        ("[]", "Start of list found where not expected"),
        ("7", "Expected null"),
        (#""x""#, "Expected null"),
    ])
    func namesWrongTypes(body: String, message: String) {
        #expect(Self.error(Self.send, body) == .serialization(message))
    }

    @Test(arguments: [
        "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,}"#, #"{"a":01}"#, #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":+1}"#, #"{"a":1e}"#,
        #"{"a":--1}"#, #"{"a":nul}"#, #"{"a":nullx}"#, #"{"a":truefalse}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\ud800"}"#,
        #"{"a":"\udc00"}"#, #"{"a":"\ud800\u0041"}"#, "{\"a\":\"\u{1}\"}", #"{"a":"b"#, #"{"a":1}{}"#, #"{"a":1} x"#, #"{'a':1}"#, "{a:1}",
        #"{"a":[1 2]}"#, #"{"a":[1,]}"#, #"{"a":NaN}"#, #"{"a":1e999}"#, "\u{feff}{}", "nul", "{}\0", #"{"a":-}"#, "//\n{}",
    ])
    func refusesWhatIsNoJSON(body: String) {
        #expect(Self.error(Self.send, body)?.kind == .serialization)
    }

    @Test(
        arguments: [
            [0xC0, 0x80], [0xFF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xF0, 0x82, 0x82, 0xAC],
        ] as [[UInt8]])
    func refusesInvalidUTF8InKnownUnknownAndKeys(sequence: [UInt8]) {
        for (before, after) in [(#"{"FromEmailAddress":""#, #""}"#), (#"{"Unknown":""#, #""}"#), (#"{""#, #"":1}"#)] {
            #expect(throws: SESError.serialization("The request body is not valid UTF-8")) {
                try Self.decode("POST", Self.send, bytes: Array(before.utf8) + sequence + Array(after.utf8))
            }
        }
    }

    @Test func boundsDepthAndMembers() {
        let deep = #"{"u":"# + String(repeating: "[", count: 100_000)
        #expect(Self.error(Self.send, deep) == .serialization("The request body is nested too deeply"))
        let wide = #"{"u":["# + String(repeating: "1,", count: 100_001) + "1]}"
        #expect(Self.error(Self.send, wide) == .serialization("The request body has too many members"))
        let long = #"{"u":"# + String(repeating: "1", count: 100_000) + "}"
        #expect(Self.error(Self.send, long) == .serialization("A number of the request body is too long"))
    }

    @Test func lastOfEqualNamesWinsAndNullClears() throws {
        let input = try Self.decode("/v2/email/identities", #"{"EmailIdentity":"a.com","EmailIdentity":"b.com","Tags":[],"Tags":null}"#)
        #expect(input.string("EmailIdentity") == "b.com")
        #expect(input["Tags"] == nil)
    }

    @Test(arguments: [
        ("/v2/email/outbound-emails", "{}", "1 validation error detected: Value at 'content' failed to satisfy constraint: Member must not be null"),
        ("/v2/email/outbound-emails", "", "1 validation error detected: Value at 'content' failed to satisfy constraint: Member must not be null"),
        (
            "/v2/email/outbound-emails", #"{"Content":{"Raw":{}}}"#,
            "1 validation error detected: Value at 'content.raw.data' failed to satisfy constraint: Member must not be null"
        ),
        (
            "/v2/email/outbound-emails", #"{"Content":{"Raw":{"Data":""}},"EmailTags":[{"Name":"a","Value":"b"},{"Name":"c"}]}"#,
            "1 validation error detected: Value at 'emailTags.2.member.value' failed to satisfy constraint: Member must not be null"
        ),
        (
            "/v2/email/outbound-emails", #"{"Content":{"Simple":{}}}"#,
            "2 validation errors detected: Value at 'content.simple.subject' failed to satisfy constraint: Member must not be null; Value at 'content.simple.body' failed to satisfy constraint: Member must not be null"
        ),
        (
            "/v2/email/configuration-sets", #"{"ConfigurationSetName":"s","DeliveryOptions":{"TlsPolicy":"MAYBE"}}"#,
            "1 validation error detected: Value at 'deliveryOptions.tlsPolicy' failed to satisfy constraint: Member must satisfy enum value set: [REQUIRE, OPTIONAL]"
        ),
        (
            "/v2/email/configuration-sets", #"{"ConfigurationSetName":"s","DeliveryOptions":{"MaxDeliverySeconds":50401}}"#,
            "1 validation error detected: Value at 'deliveryOptions.maxDeliverySeconds' failed to satisfy constraint: Member must have value less than or equal to 50400"
        ),
        (
            "/v2/email/configuration-sets", #"{"ConfigurationSetName":"s","SuppressionOptions":{"SuppressedReasons":["X"]}}"#,
            "1 validation error detected: Value at 'suppressionOptions.suppressedReasons' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [BOUNCE, COMPLAINT]]"
        ),
        (
            "/v2/email/configuration-sets", #"{"ConfigurationSetName":"\#(String(repeating: "x", count: 65))"}"#,
            "1 validation error detected: Value at 'configurationSetName' failed to satisfy constraint: Member must have length less than or equal to 64"
        ),
        (
            "/v2/email/outbound-emails",
            #"{"Content":{"Simple":{"Subject":{"Data":""},"Body":{},"Headers":[{"Name":"A B","Value":"v\r\nX: y"}]}}}"#,
            "2 validation errors detected: Value at 'content.simple.headers.1.member.name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[!-9;-@A-~]+$; Value at 'content.simple.headers.1.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [ -~]*"
        ),
    ])
    func namesBrokenConstraints(path: String, body: String, message: String) {
        #expect(Self.error(path, body) == .badRequest(message))
    }

    @Test(arguments: [
        ("/v2/email/outbound-emails", #"{"Content":{"Template":{"TemplateName":"t"}}}"#, "Templates are not supported"),
        ("/v2/email/outbound-emails", #"{"ListManagementOptions":{"ContactListName":"l"}}"#, "ListManagementOptions is not supported"),
        ("/v2/email/outbound-emails", #"{"EndpointId":"e"}"#, "EndpointId is not supported"),
        ("/v2/email/outbound-emails", #"{"TenantName":"t"}"#, "TenantName is not supported"),
        ("/v2/email/identities", #"{"DkimSigningAttributes":{"DomainSigningPrivateKey":"k"}}"#, "DomainSigningPrivateKey is not supported"),
        ("/v2/email/configuration-sets", #"{"TrackingOptions":{"CustomRedirectDomain":"d"}}"#, "TrackingOptions is not supported"),
    ])
    func refusesWhatItKnowsAndDoesNotObey(path: String, body: String, message: String) throws {
        let error = try #require(Self.error(path, body))
        #expect(error.kind == .badRequest)
        #expect(error.message?.hasPrefix(message) == true)
    }

    @Test func aRefusedMemberThatIsNullIsAbsent() throws {
        _ = try Self.decode(Self.send, #"{"Content":{"Raw":{"Data":"QQ=="},"Template":null},"TenantName":null}"#)
    }

    @Test func readsTheQuery() throws {
        let input = try Self.decode("GET", "/v2/email/identities", query: "PageSize=10&NextToken=a%3Db+c&Other=1&&x", "")
        #expect(input.integer("PageSize") == 10)
        #expect(input.string("NextToken") == "a=b+c")
        #expect(throws: SESError.self) { try Self.decode("GET", "/v2/email/identities", query: "PageSize=ten", "") }
        #expect(throws: SESError.self) { try Self.decode("GET", "/v2/email/identities", query: "NextToken=%zz", "") }
        #expect(
            throws: SESError.badRequest(
                "1 validation error detected: Value at 'pageSize' failed to satisfy constraint: Member must have value less than or equal to 1000")
        ) {
            try Self.decode("GET", "/v2/email/identities", query: "PageSize=1001", "")
        }
    }

    @Test func bodyMembersCannotBeGivenInTheQueryNorTheOtherWayRound() throws {
        let input = try Self.decode("GET", "/v2/email/identities", query: "", #"{"PageSize":5}"#)
        #expect(input.integer("PageSize") == nil)
        let other = try Self.decode("POST", "/v2/email/list-identities", query: "PageSize=7", "{}")
        #expect(other.integer("PageSize") == nil)
        let label = try Self.decode("GET", "/v2/email/identities/a.com", query: "EmailIdentity=b.com", #"{"EmailIdentity":"c.com"}"#)
        #expect(label.string("EmailIdentity") == "a.com")
    }

    /// Every prefix of a good request is refused, and none traps.
    @Test func everyPrefixIsRefused() {
        let body = Array(
            #"{"FromEmailAddress":"é\ud83d\ude00@b.c","Content":{"Raw":{"Data":"Zm9v\/bE="}},"U":[1.5e-3,true,null,{"a":"b"}]}"#.utf8)
        for end in 1..<body.count {
            #expect(throws: SESError.self) { try Self.decode("POST", Self.send, bytes: Array(body[..<end])) }
        }
        #expect(throws: Never.self) { try Self.decode("POST", Self.send, bytes: body) }
    }
}
