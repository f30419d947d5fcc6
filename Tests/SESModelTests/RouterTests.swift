import SESModel
import Testing

struct RouterTests {
    private let router = Router(SESv2.operations)

    @Test(arguments: [
        ("POST", "/v2/email/outbound-emails", "SendEmail"),
        ("POST", "/v2/email/identities", "CreateEmailIdentity"),
        ("GET", "/v2/email/identities", "ListEmailIdentities"),
        ("GET", "/v2/email/identities/", "ListEmailIdentities"),
        ("POST", "/v2/email/list-identities", "ListEmailIdentities"),
        ("POST", "/v2/email/list-identities/", "ListEmailIdentities"),
        ("GET", "/v2/email/identities/example.com", "GetEmailIdentity"),
        ("DELETE", "/v2/email/identities/example.com", "DeleteEmailIdentity"),
        ("POST", "/v2/email/configuration-sets", "CreateConfigurationSet"),
        ("GET", "/v2/email/configuration-sets", "ListConfigurationSets"),
        ("POST", "/v2/email/list-configuration-sets", "ListConfigurationSets"),
        ("GET", "/v2/email/configuration-sets/main", "GetConfigurationSet"),
        ("DELETE", "/v2/email/configuration-sets/main", "DeleteConfigurationSet"),
        ("GET", "/v2/email/account", "GetAccount"),
    ])
    func finds(method: String, path: String, name: String) throws {
        let match = try #require(self.router.route(method: method, path: path[...]))
        #expect(match.operation.name == name)
    }

    @Test(arguments: [
        ("GET", "/v2/email/outbound-emails"), ("PATCH", "/v2/email/identities"), ("GET", "/"), ("GET", ""), ("GET", "*"),
        ("GET", "/v2/email/identities/a/b"), ("GET", "//v2/email/identities"), ("GET", "/v2/email/identities//"),
        ("GET", "/v2/email/../email/identities"), ("get", "/v2/email/identities"), ("GET", "/V2/email/identities"),
        ("GET", "/v2/email/identities/" + String(repeating: "/", count: 10_000)),
    ])
    func findsNothing(method: String, path: String) {
        #expect(self.router.route(method: method, path: path[...]) == nil)
    }

    @Test func keepsLabelsEncodedUntilAfterTheSplit() throws {
        let match = try #require(self.router.route(method: "GET", path: "/v2/email/identities/user%2Btag%2F%C3%A9%40ex.com"))
        #expect(match.labels.map(\.value) == ["user%2Btag%2F%C3%A9%40ex.com"])
        let input = try RequestDecoder.decode(match, query: "", body: [])
        #expect(input.string("EmailIdentity") == "user+tag/é@ex.com")
    }

    @Test(arguments: ["%", "%4", "%zz", "%ff", "%C3"])
    func refusesBrokenEncoding(label: String) throws {
        let match = try #require(self.router.route(method: "GET", path: "/v2/email/identities/\(label)"))
        #expect(throws: SESError.badRequest("The request path is not valid")) { try RequestDecoder.decode(match, query: "", body: []) }
    }

    @Test func prefersLiteralsAndGoesBackToLabels() throws {
        func operation(_ name: String, _ method: OperationMethod, _ path: String, _ label: String?) -> Operation {
            let members = label.map { [Member.required($0, .string, location: .path)] } ?? []
            return Operation(
                name: name, method: method, path: path, input: StructureShape("In", members), output: StructureShape("Out"), errors: [])
        }
        let router = Router([
            operation("One", .get, "/c/{Name}", "Name"), operation("List", .post, "/c/list", nil),
            operation("Sub", .get, "/c/{Name}/x", "Name"),
        ])
        #expect(router.route(method: "POST", path: "/c/list")?.operation.name == "List")
        #expect(router.route(method: "GET", path: "/c/list")?.operation.name == "One")
        let sub = try #require(router.route(method: "GET", path: "/c/list/x"))
        #expect(sub.operation.name == "Sub" && sub.labels.first?.value == "list")
    }
}
