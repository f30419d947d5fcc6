import NIOSSL
import RedisClient
import TestSupport
import Testing

/// Passwords and TLS.
@Suite struct SecurityTests {
    private static func error(_ configuration: RedisConfiguration) async throws -> RedisError? {
        var error: RedisError?
        try await RedisFixture.withClient(configuration) { client in
            error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        }
        return error
    }

    @Test func passwordsAreSentAndRefused() async throws {
        try await RedisServer.with(settings: ["--requirepass", "correct-horse", "--user", "apus", "on", ">battery", "~*", "&*", "+@all"]) { server in
            var configuration = RedisFixture.configuration(server)
            for credentials in [RedisCredentials(password: "correct-horse"), RedisCredentials(user: "apus", password: "battery")] {
                configuration.credentials = credentials
                try await RedisFixture.withClient(configuration) { client in
                    let user = try await client.send(RedisCommand("ACL", "WHOAMI"))
                    #expect(user.text == credentials.user ?? "default")
                }
            }
            for credentials in [RedisCredentials(password: "staple-1"), RedisCredentials(user: "apus", password: "staple-1"), nil] {
                configuration.credentials = credentials
                let error = try await Self.error(configuration)
                #expect(error?.code == .authentication && error?.mayHaveRun == false)
                #expect(error.map { !"\($0) \(String(reflecting: $0))".contains("staple") } == true)
            }
        }
    }

    @Test func aUserWithoutRightsLearnsIt() async throws {
        try await RedisServer.with(settings: ["--user", "default", "on", "nopass", "~*", "&*", "+@all", "-set"]) { server in
            try await RedisFixture.withClient(RedisFixture.configuration(server)) { client in
                let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("SET", "a", "b")) }
                #expect(error?.code == .reply("NOPERM") && error?.mayHaveRun == false)
            }
        }
    }

    @Test func databasesAreSelected() async throws {
        try await RedisServer.with { server in
            var configuration = RedisFixture.configuration(server)
            configuration.database = 3
            try await RedisFixture.withClient(configuration) { client in
                _ = try await client.send(RedisCommand("SET", "here", "1"))
                #expect(try await client.send(RedisCommand("INFO", "keyspace")).text?.contains("db3:keys=1") == true)
            }
            configuration.database = 99
            let error = try await Self.error(configuration)
            #expect(error?.code == .unreachable && (error?.cause as? RedisError)?.code == .reply("ERR"))
        }
    }

    @Test func speaksTLSWithWhomItTrusts() async throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let certificate = try await ServerCertificate.make(in: folder)
        try await RedisServer.with(certificate: certificate) { server in
            var configuration = RedisFixture.configuration(server)
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(certificate.file)
            configuration.tls = tls
            try await RedisFixture.withClient(configuration) { client in
                let answer = try await client.send(RedisCommand("ECHO", "hidden"))
                #expect(answer.text == "hidden")
            }
            configuration.tlsServerName = "localhost"
            try await RedisFixture.withClient(configuration) { client in
                let answer = try await client.send(RedisCommand("PING"))
                #expect(answer == .simple("PONG"))
            }
            configuration.tlsServerName = nil
            configuration.tls = .makeClientConfiguration()
            #expect(try await Self.error(configuration)?.code == .unreachable)
            configuration.tls = nil
            #expect(try await Self.error(configuration)?.code == .unreachable)
        }
    }
}
