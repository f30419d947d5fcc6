import ApusCore
import Backends
import EmbeddedBackends
import Foundation
import NIOCore
import Testing

@Suite struct FileBodyStoreTests {
    private let expiry = UnixMilliseconds(1_700_000_000_000)

    private func file(_ folder: TemporaryFolder) throws -> String {
        let bucket = try #require(try folder.names().first)
        return "\(bucket)/\(try #require(try folder.names(bucket).first))"
    }

    @Test func filesAreForTheirOwnerOnlyAndThereAfterReopening() async throws {
        let folder = try TemporaryFolder()
        let store = FileBodyStore(folder: folder.path)
        let reference = try await store.put(ByteBuffer(string: "body"), expiresAt: self.expiry)
        await store.close()
        let file = try self.file(folder)
        #expect(try folder.mode(file) == 0o600)
        #expect(try folder.mode(String(file.prefix(8))) == 0o700)
        let again = FileBodyStore(folder: folder.path)
        #expect(try await again.get(reference) == ByteBuffer(string: "body"))
        await again.close()
    }

    @Test func changedCutAndLengthenedBodiesAreFoundOut() async throws {
        let folder = try TemporaryFolder()
        let store = FileBodyStore(folder: folder.path)
        let reference = try await store.put(ByteBuffer(string: "the body"), expiresAt: self.expiry)
        let path = "\(folder.path)/\(try self.file(folder))"
        for text in ["the bodY", "the bod", "the body ", ""] {
            try Data(text.utf8).write(to: URL(filePath: path))
            let error = await #expect(throws: BodyError.self) { _ = try await store.get(reference) }
            #expect(error?.code == .corrupt)
        }
        try Data("the body".utf8).write(to: URL(filePath: path))
        #expect(try await store.get(reference) == ByteBuffer(string: "the body"))
        await store.close()
    }

    @Test func whatIsNotItsOwnStays() async throws {
        let folder = try TemporaryFolder()
        let store = FileBodyStore(folder: folder.path)
        for name in ["lost+found", "0000000", "zzzzzzzz", "00000000x"] {
            try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: false)
        }
        try await #expect(store.reclaim(now: self.expiry) == 0)
        #expect(try folder.names().count == 4)
        await store.close()
    }

    @Test func boundsHold() async throws {
        let folder = try TemporaryFolder()
        let store = FileBodyStore(folder: folder.path, configuration: .init(maximumBodyBytes: 10, maximumPendingBytes: 10))
        let error = await #expect(throws: BodyError.self) { _ = try await store.put(ByteBuffer(repeating: 1, count: 11), expiresAt: self.expiry) }
        #expect(error?.code == .unavailable)
        // Room comes back, whether putting works or not.
        for _ in 0..<3 { _ = try await store.put(ByteBuffer(repeating: 1, count: 10), expiresAt: self.expiry) }
        await store.close()
        let closed = await #expect(throws: BodyError.self) { _ = try await store.put(ByteBuffer(), expiresAt: self.expiry) }
        #expect(closed?.code == .unavailable)
    }

    @Test func aFolderThatIsGoneIsAnErrorAndNoTrap() async throws {
        let store = FileBodyStore(folder: "/nonexistent/apus")
        let error = await #expect(throws: BodyError.self) { _ = try await store.put(ByteBuffer(string: "x"), expiresAt: UnixMilliseconds(.min)) }
        #expect(error?.code == .unavailable)
        let reclaim = await #expect(throws: BodyError.self) { try await store.reclaim(now: UnixMilliseconds(.max)) }
        #expect(reclaim?.code == .unavailable)
        await store.close()
    }

    @Test func manyAtOnceAreAllThere() async throws {
        let folder = try TemporaryFolder()
        let store = FileBodyStore(folder: folder.path)
        let references = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            for number in 0..<50 {
                group.addTask { (number, try await store.put(ByteBuffer(string: "body \(number)"), expiresAt: self.expiry)) }
            }
            return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(Set(references.values).count == 50)
        for (number, reference) in references { #expect(try await store.get(reference) == ByteBuffer(string: "body \(number)")) }
        #expect(try await store.reclaim(now: self.expiry + .seconds(7200)) == 50)
        #expect(try folder.names().isEmpty)
        await store.close()
    }
}
