package import ApusCore
internal import Backends
package import NIOCore
package import PostgresClient
internal import Synchronization

/// Message bodies in PostgreSQL, for clusters without an object store, in a schema of their own.
///
/// A body goes in as chunks, all or none, and comes out some chunks at a time, so that no exchange is longer than a few megabytes. It is
/// named by 128 random bits; a put whose answer was lost leaves a body that nobody refers to and that goes when it expires.
package final class PostgresBodyStore: BodyStore {
    /// What a store can be told.
    package struct Configuration: Sendable {
        package var postgres: PostgresConfiguration
        /// The schema, created when it does not exist.
        package var schema: String
        /// The largest body, in bytes.
        package var maximumBodyBytes: Int
        /// The most bytes of bodies that are being written or read at once; calls above fail.
        package var maximumPendingBytes: Int

        package init(
            postgres: PostgresConfiguration, schema: String = "apus_bodies", maximumBodyBytes: Int = 64 << 20, maximumPendingBytes: Int = 256 << 20
        ) {
            self.postgres = postgres
            self.schema = schema
            self.maximumBodyBytes = maximumBodyBytes
            self.maximumPendingBytes = maximumPendingBytes
        }
    }

    private static let chunkBytes = 1 << 20
    /// Chunks in one exchange.
    private static let chunksAtOnce = 8
    /// Bodies removed in one transaction.
    private static let reclaimLot: Int64 = 200
    private static let hour: Int64 = 3_600_000

    private let configuration: Configuration
    private let client: PostgresClient
    private let schema: PostgresSchema
    private let pendingBytes = Mutex(0)

    /// Connects, and brings the schema to its newest version.
    ///
    /// - Throws: ``PostgresSchemaError`` for a schema of a newer program, ``BodyError`` otherwise.
    package static func open(_ configuration: Configuration) async throws -> PostgresBodyStore {
        let client: PostgresClient
        do {
            client = try PostgresClient(configuration.postgres)
        } catch {
            throw BodyError(.unavailable, error.message, cause: error)
        }
        let schema = PostgresSchema.bodies(configuration.schema)
        do {
            try await schema.migrate(client)
        } catch {
            await client.close()
            throw Self.translated(error, "the body store cannot be opened")
        }
        return PostgresBodyStore(configuration, client: client, schema: schema)
    }

    /// How its client does.
    package var status: PostgresStatus { self.client.status }

    private init(_ configuration: Configuration, client: PostgresClient, schema: PostgresSchema) {
        self.configuration = configuration
        self.client = client
        self.schema = schema
    }

    package func put(_ body: ByteBuffer, expiresAt: UnixMilliseconds) async throws -> String {
        let count = body.readableBytes
        guard count <= self.configuration.maximumBodyBytes else {
            throw BodyError(.unavailable, "a body may have \(self.configuration.maximumBodyBytes) bytes")
        }
        let reference = PostgresBodyReference.random()
        let row = PostgresStatement(
            "INSERT INTO \(self.schema.table("body")) (id, expires_at, byte_count, checksum) VALUES ($1, $2, $3, $4)",
            [.bytes(reference.bytes), .integer(expiresAt.rawValue), .integer(Int64(count)), .integer(Self.checksum(body))])
        let chunks = (count + Self.chunkBytes - 1) / Self.chunkBytes
        try await self.withRoom(for: count) {
            try await self.attempt("a body cannot be written") {
                if chunks <= Self.chunksAtOnce {
                    _ = try await self.client.run([row] + self.inserts(0..<chunks, of: body, reference))
                    return
                }
                try await self.client.withTransaction { transaction in
                    _ = try await transaction.run([row])
                    for start in stride(from: 0, to: chunks, by: Self.chunksAtOnce) {
                        _ = try await transaction.run(self.inserts(start..<min(start + Self.chunksAtOnce, chunks), of: body, reference))
                    }
                    try await transaction.commit()
                }
            }
        }
        return reference.text
    }

    package func get(_ reference: String) async throws -> ByteBuffer {
        guard let reference = PostgresBodyReference(reference) else { throw BodyError(.notFound, "this is no body's reference") }
        return try await self.attempt("a body cannot be read") {
            let row = PostgresStatement(
                "SELECT byte_count, checksum FROM \(self.schema.table("body")) WHERE id = $1", [.bytes(reference.bytes)])
            // The row after the first chunks: a body that is removed in between is not there.
            var results = try await self.client.run([self.select(from: 0, of: reference), row], isRepeatable: true)
            guard results[1].rowCount == 1 else { throw BodyError(.notFound, "the body is unknown or expired") }
            let count = Int(try results[1].integer(0, 0))
            let checksum = try results[1].integer(0, 1)
            guard (0...self.configuration.maximumBodyBytes).contains(count) else { throw BodyError(.corrupt, "a stored body is not what was put") }
            return try await self.withRoom(for: count) {
                var body = ByteBuffer()
                body.reserveCapacity(count)
                var number = 0
                while true {
                    for row in 0..<results[0].rowCount { _ = try results[0].withBytes(row, 0) { body.writeBytes($0) } }
                    number += Self.chunksAtOnce
                    guard body.readableBytes < count, results[0].rowCount == Self.chunksAtOnce else { break }
                    results = try await self.client.run([self.select(from: number, of: reference), row], isRepeatable: true)
                    guard results[1].rowCount == 1 else { throw BodyError(.notFound, "the body is unknown or expired") }
                }
                guard body.readableBytes == count, Self.checksum(body) == checksum else {
                    throw BodyError(.corrupt, "a stored body is not what was put")
                }
                return body
            }
        }
    }

    @discardableResult
    package func reclaim(now: UnixMilliseconds) async throws -> Int {
        // As the files of one node go: with the hour after the one of their expiry.
        let limit = now.rawValue / Self.hour * Self.hour
        let statement = PostgresStatement(
            """
            WITH gone AS (
                DELETE FROM \(self.schema.table("body")) WHERE id IN (
                    SELECT id FROM \(self.schema.table("body")) WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
                ) RETURNING id
            ), chunks AS (
                DELETE FROM \(self.schema.table("chunk")) c USING gone WHERE c.id = gone.id
            )
            SELECT count(*) FROM gone
            """, [.integer(limit), .integer(Self.reclaimLot)])
        return try await self.attempt("bodies cannot be removed") {
            var count = 0
            while true {
                try Task.checkCancellation()
                let lot = Int(try await self.client.run(statement).integer(0, 0))
                count += lot
                if lot < Int(Self.reclaimLot) { return count }
            }
        }
    }

    /// Finishes what is under way and lets go of the connections. Idempotent.
    package func close() async {
        await self.client.close()
    }

    private func inserts(_ numbers: Range<Int>, of body: ByteBuffer, _ reference: PostgresBodyReference) -> [PostgresStatement] {
        numbers.map { number in
            let start = body.readerIndex + number * Self.chunkBytes
            let bytes = body.getBytes(at: start, length: min(Self.chunkBytes, body.writerIndex - start)) ?? []
            return PostgresStatement(
                "INSERT INTO \(self.schema.table("chunk")) (id, number, bytes) VALUES ($1, $2, $3)",
                [.bytes(reference.bytes), .integer(Int64(number)), .bytes(bytes)])
        }
    }

    private func select(from number: Int, of reference: PostgresBodyReference) -> PostgresStatement {
        PostgresStatement(
            "SELECT bytes FROM \(self.schema.table("chunk")) WHERE id = $1 AND number >= $2 ORDER BY number LIMIT $3",
            [.bytes(reference.bytes), .integer(Int64(number)), .integer(Int64(Self.chunksAtOnce))])
    }

    private func withRoom<Value>(for count: Int, _ body: () async throws -> Value) async throws -> Value {
        let hasRoom = self.pendingBytes.withLock { pending in
            guard pending + count <= self.configuration.maximumPendingBytes else { return false }
            pending += count
            return true
        }
        guard hasRoom else { throw BodyError(.unavailable, "too many bodies are being written and read") }
        defer { self.pendingBytes.withLock { $0 -= count } }
        return try await body()
    }

    private func attempt<Value>(_ message: String, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            throw Self.translated(error, message)
        }
    }

    private static func translated(_ error: any Error, _ message: String) -> any Error {
        guard let error = error as? PostgresError else { return error }
        return BodyError(.unavailable, "\(message): \(error)", cause: error)
    }

    private static func checksum(_ body: ByteBuffer) -> Int64 {
        Int64(bitPattern: body.withUnsafeReadableBytes { XXHash64.hash($0) })
    }
}
