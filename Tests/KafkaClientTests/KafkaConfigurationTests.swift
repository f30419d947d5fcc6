import KafkaClient
import Testing

@Suite struct KafkaConfigurationTests {
    private func configuration() -> KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: "127.0.0.1:1",
            security: KafkaSecurity(
                tls: KafkaSecurity.TLS(keyPassword: KafkaSecret("key-password")),
                sasl: KafkaSecurity.SASL(mechanism: .scramSHA512, username: "apus", password: KafkaSecret("sasl-password"))),
            extra: ["ssl.keystore.password": "extra-password"])
    }

    @Test func showsNoSecret() {
        let configuration = self.configuration()
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration.security), String(reflecting: configuration.extra), dumped] {
            for secret in ["key-password", "sasl-password", "extra-password"] { #expect(!text.contains(secret)) }
        }
        #expect("\(configuration)".contains("SCRAM-SHA-512 as apus"))
        #expect("\(configuration)".contains("ssl.keystore.password"))
    }

    @Test func namesEveryProblemAtOnce() {
        var configuration = KafkaConfiguration(bootstrapServers: "")
        configuration.produceTimeout = .zero
        configuration.drainTimeout = .seconds(301)
        configuration.maximumOutstandingBytes = 10
        configuration.security.tls = KafkaSecurity.TLS(certificateFile: "/nowhere/cert.pem")
        #expect(configuration.problems.count == 6)
        #expect(throws: KafkaError.self) { try KafkaProducer(configuration) }
        #expect(KafkaConfiguration(bootstrapServers: "127.0.0.1:1").problems.isEmpty)
    }

    @Test func namesAPropertyThatDoesNotExistAndNotItsValue() async throws {
        let configuration = KafkaConfiguration(bootstrapServers: "127.0.0.1:1", extra: ["no.such.property": "a-secret"])
        let error = #expect(throws: KafkaError.self) { try KafkaProducer(configuration) }
        #expect(error?.message.contains("no.such.property") == true)
        #expect(error?.message.contains("a-secret") == false)
    }

    /// The library itself takes every typed setting, and every way of sharing and compressing.
    @Test(arguments: KafkaConfiguration.Assignment.allCases, KafkaConfiguration.Compression.allCases)
    func theLibraryTakesEverySetting(assignment: KafkaConfiguration.Assignment, compression: KafkaConfiguration.Compression) async throws {
        var configuration = KafkaConfiguration(
            bootstrapServers: "127.0.0.1:1", closeTimeout: .milliseconds(100), compression: compression, assignment: assignment,
            staticMember: "one")
        for mechanism in KafkaSecurity.SASL.Mechanism.allCases {
            for tls in [nil, KafkaSecurity.TLS(verifiesHostname: false)] {
                configuration.security = KafkaSecurity(
                    tls: tls, sasl: KafkaSecurity.SASL(mechanism: mechanism, username: "apus", password: KafkaSecret("x")))
                let producer = try KafkaProducer(configuration)
                await producer.close()
            }
        }
        let consumer = try KafkaConsumer(
            configuration, .group(name: "g", topics: ["t"], keepsAll: true), maximumRecords: 1, maximumBytes: 1)
        await consumer.close()
    }

    @Test func warnsOfAnOldLibrary() {
        #expect((KafkaLibrary.warning == nil) == KafkaLibrary.isAtLeast(2, 3))
        #expect(KafkaLibrary.isAtLeast(1, 0) && !KafkaLibrary.isAtLeast(99, 0))
        if let warning = KafkaLibrary.warning { #expect(warning.contains(KafkaLibrary.version)) }
    }
}
