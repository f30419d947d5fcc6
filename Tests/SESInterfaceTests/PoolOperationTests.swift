import ApusSchema
import Backends
import ControlPlane
import SESInterface
import TestBackends
import Testing

struct PoolOperationTests {
    let path = "/v2/email/dedicated-ip-pools"
    let sets = "/v2/email/configuration-sets"

    @Test func pools() async throws {
        let fixture = try await ServerFixture()
        let path = self.path
        try await fixture.controlPlane.createPool("shared", owner: nil)
        try await fixture.serve { address in
            let body = #"{"PoolName":"one","Tags":[{"Key":"k","Value":"v"}]}"#
            let created = try await fixture.call(address, "POST", path, body: body)
            #expect(created?.status == 200 && created?.body == "{}")
            let again = try await fixture.call(address, "POST", path, body: body)
            #expect(again?.errorType == "AlreadyExistsException" && again?.body == #"{"message":"The pool <one> already exists."}"#)
            let managed = try await fixture.call(address, "POST", path, body: #"{"PoolName":"two","ScalingMode":"MANAGED"}"#)
            #expect(managed?.status == 200)
            let mode = try await fixture.call(address, "POST", path, body: #"{"PoolName":"three","ScalingMode":"AUTO"}"#)
            #expect(mode?.errorType == "BadRequestException" && mode?.body == #"{"message":"The ScalingMode parameter is invalid."}"#)
            #expect(try await fixture.call(address, "POST", path, body: #"{"PoolName":"a b"}"#)?.errorType == "BadRequestException")
            #expect(try await fixture.call(address, "POST", path, body: "{}")?.errorType == "BadRequestException")

            #expect(
                try await fixture.call(address, "GET", path + "/one")?.body
                    == #"{"DedicatedIpPool":{"PoolName":"one","ScalingMode":"STANDARD"}}"#)
            #expect(
                try await fixture.call(address, "GET", path + "/two")?.body
                    == #"{"DedicatedIpPool":{"PoolName":"two","ScalingMode":"MANAGED"}}"#)
            // The installation's is nobody's to see or delete.
            for method in ["GET", "DELETE"] {
                let missing = try await fixture.call(address, method, path + "/shared")
                #expect(missing?.status == 404 && missing?.errorType == "NotFoundException")
                #expect(missing?.body == #"{"message":"The requested pool <shared> does not exist."}"#)
            }
            #expect(try await fixture.call(address, "GET", path)?.body == #"{"DedicatedIpPools":["one","two"]}"#)
            let page = try await fixture.call(address, "GET", path + "?PageSize=1")
            #expect(page?.body.hasPrefix(#"{"DedicatedIpPools":["one"],"NextToken":"a1"#) == true)

            #expect(try await fixture.call(address, "DELETE", path + "/one")?.body == "{}")
            #expect(try await fixture.call(address, "GET", path)?.body == #"{"DedicatedIpPools":["two"]}"#)
        }
    }

    @Test func aConfigurationSetNamesItsPool() async throws {
        let fixture = try await ServerFixture()
        let (path, sets) = (self.path, self.sets)
        try await fixture.controlPlane.createPool("shared", owner: nil)
        try await fixture.serve { address in
            #expect(try await fixture.call(address, "POST", path, body: #"{"PoolName":"one"}"#)?.status == 200)
            let created = try await fixture.call(
                address, "POST", sets, body: #"{"ConfigurationSetName":"set","DeliveryOptions":{"SendingPoolName":"one"}}"#)
            #expect(created?.body == "{}")
            let shown = #""DeliveryOptions":{"TlsPolicy":"OPTIONAL","SendingPoolName":"one"}"#
            #expect(try await fixture.call(address, "GET", sets + "/set")?.body.contains(shown) == true)
            let send = ServerFixture.simple.dropLast() + #","ConfigurationSetName":"set"}"#
            #expect(try await fixture.call(address, "POST", "/v2/email/outbound-emails", body: String(send))?.status == 200)
            let record = try #require(fixture.bus.records("apus.outbound.default.transactional").first)
            #expect(try RecordCoding.decode(Apus_V1_OutboundMessage.self, from: record.value).pool == "one")
            // In use, and with mail, it stays.
            #expect(try await fixture.call(address, "DELETE", path + "/one")?.errorType == "ConcurrentModificationException")

            let options = sets + "/set/delivery-options"
            #expect(try await fixture.call(address, "PUT", options, body: #"{"SendingPoolName":"shared","MaxDeliverySeconds":300}"#)?.body == "{}")
            let changed = #""DeliveryOptions":{"TlsPolicy":"OPTIONAL","SendingPoolName":"shared","MaxDeliverySeconds":300}"#
            #expect(try await fixture.call(address, "GET", sets + "/set")?.body.contains(changed) == true)
            let mail = try await fixture.call(address, "DELETE", path + "/one")
            #expect(mail?.errorType == "ConcurrentModificationException" && mail?.body.contains("has mail") == true)

            for (body, message) in [
                (#"{"SendingPoolName":"none"}"#, "SendingPool <none> doesn't exist"),
                (#"{"SendingPoolName":""}"#, "sendingPoolName can't be blank."),
            ] {
                let refused = try await fixture.call(address, "PUT", options, body: body)
                #expect(refused?.errorType == "BadRequestException" && refused?.body == #"{"message":"\#(message)"}"#)
            }
            #expect(try await fixture.call(address, "PUT", options, body: #"{"TlsPolicy":"REQUIRE"}"#)?.status == 400)
            let missing = try await fixture.call(address, "PUT", sets + "/none/delivery-options", body: "{}")
            #expect(missing?.body == #"{"message":"Configuration set <none> does not exist."}"#)
            // What is left out has its default.
            #expect(try await fixture.call(address, "PUT", options, body: "{}")?.status == 200)
            #expect(try await fixture.call(address, "GET", sets + "/set")?.body.contains(#""DeliveryOptions":{"TlsPolicy":"OPTIONAL"}"#) == true)
        }
    }
}
