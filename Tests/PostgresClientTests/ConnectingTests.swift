import Foundation
import PostgresClient
import TestSupport
import Testing

@Suite struct ConnectingTests {
    private static let secret = "pa55-w0rd"

    @Test(arguments: [
        "", "postgresql//user:pa55-w0rd@host/db", "postgresql://user:pa55-w0rd%zz@host/db", "host=x password=pa55-w0rd nonsense",
        "password='pa55-w0rd", "host=x pa55-w0rd=1",
    ]) func aStringThatCannotBeReadIsRefusedWithoutItsPassword(string: String) throws {
        let error = #expect(throws: PostgresError.self) { _ = try PostgresClient(PostgresConfiguration(string)) }
        #expect(error?.code == .configuration)
        #expect(error.map { !"\($0)\(String(reflecting: $0))".contains(Self.secret) } == true)
        #expect(!"\(PostgresConfiguration(string))".contains(Self.secret))
    }

    @Test(.timeLimit(.minutes(1))) func aRefusedConnectionFailsAtOnceAndSaysWhere() async throws {
        // Port 1 of the loopback: nobody listens.
        let client = try PostgresClient(PostgresConfiguration("postgresql://user:\(Self.secret)@127.0.0.1:1/db"))
        for _ in 0..<50 {
            let error = await #expect(throws: PostgresError.self) { try await client.run(PostgresFixture.processID) }
            #expect(error?.code == .unreachable)
            #expect(error.map { "\($0)".contains("127.0.0.1") && !"\($0)".contains(Self.secret) } == true)
        }
        #expect(client.status.connectsFailed > 0 && client.status.connectsMade == 0)
        await client.close()
    }

    @Test func aWrongPasswordIsNamedAndNotShown() async throws {
        guard TestDatabase.outside == nil else { return }
        let server = try await TestDatabase.server()
        let client = try PostgresClient(PostgresConfiguration(server.uri(password: Self.secret)))
        let error = await #expect(throws: PostgresError.self) { try await client.run(PostgresFixture.processID) }
        #expect(error?.code == .unreachable)
        let text = error.map { "\($0) \(String(reflecting: $0))" } ?? ""
        #expect(text.contains("password authentication failed"))
        #expect(!text.contains(Self.secret))
        #expect(!text.contains(PostgresServer.password))
        await client.close()
    }

    /// A server that takes the connection and says nothing.
    @Test(.timeLimit(.minutes(1))) func aSilentServerCostsTheConnectTimeOnly() async throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 10) == 0 ? getsockname(listener, $0, &length) : -1
            }
        }
        try #require(status == 0)
        let client = try PostgresClient(
            PostgresConfiguration(
                "postgresql://user@127.0.0.1:\(UInt16(bigEndian: address.sin_port))/db", connectTimeout: .seconds(2), acquireTimeout: .seconds(1)))
        let error = await #expect(throws: PostgresError.self) { try await client.run(PostgresFixture.processID) }
        #expect(error?.code == .timeout)
        await client.close()
    }

    @Test func encryptsAndChecksTheServersCertificate() async throws {
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let certificate = try await ServerCertificate.make(in: folder)
        let other = try await ServerCertificate.make(in: folder, name: "other")
        let server = try await PostgresServer.start(certificate: (certificate.file, certificate.keyFile))
        let isEncrypted = PostgresStatement("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        let checked = try PostgresClient(PostgresConfiguration(server.uri(more: "?sslmode=verify-full&sslrootcert=\(certificate.file)")))
        #expect(try await checked.run(isEncrypted).boolean(0, 0))
        // Cancelling goes another way than the statements.
        await #expect(throws: PostgresError.self) { try await checked.run(PostgresStatement("SELECT pg_sleep(600)"), timeout: .milliseconds(50)) }
        #expect(try await checked.run(isEncrypted).boolean(0, 0))
        await checked.close()
        let mistrusting = try PostgresClient(PostgresConfiguration(server.uri(more: "?sslmode=verify-full&sslrootcert=\(other.file)")))
        let error = await #expect(throws: PostgresError.self) { try await mistrusting.run(isEncrypted) }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("certificate") == true)
        await mistrusting.close()
        try await server.stop()
    }
}
