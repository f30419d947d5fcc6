import Backends
import ControlPlane
import Foundation
import Testing

@Suite struct SecretSealerTests {
    private static let key = StateKey(collection: "access-key", scope: "", name: "AKIAEXAMPLE")
    /// Zero bytes 0…31 and 255…224.
    private static let first = Data((0..<32).map { UInt8($0) }).base64EncodedString()
    private static let second = Data((0..<32).map { UInt8(255 - $0) }).base64EncodedString()

    private static func sealer(_ text: String) throws -> SecretSealer {
        SecretSealer(ring: try MasterKeyRing(text: text, source: "the test"))
    }

    @Test(arguments: [0, 1, 40, 5000]) func opensWhatItSealed(count: Int) throws {
        let sealer = try Self.sealer(Self.first)
        let secret = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let sealed = try sealer.seal(secret, for: Self.key)
        #expect(sealed.count == count + 37)
        #expect(try sealer.open(sealed, for: Self.key) == secret)
        #expect(try sealer.seal(secret, for: Self.key) != sealed)
    }

    /// What an earlier release sealed opens forever.
    @Test func opensTheFixture() throws {
        let sealed = try #require(Data(base64Encoded: SecretSealerFixture.sealed))
        #expect(try Self.sealer(Self.first).open(Array(sealed), for: Self.key) == Array("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".utf8))
    }

    @Test func aChangedKeyRingStillOpens() throws {
        let old = try Self.sealer(Self.first).seal([1, 2, 3], for: Self.key)
        let both = try Self.sealer("\(Self.second)\n\(Self.first)\n")
        #expect(try both.open(old, for: Self.key) == [1, 2, 3])
        // The first key seals.
        let new = try both.seal([4], for: Self.key)
        #expect(try Self.sealer(Self.second).open(new, for: Self.key) == [4])
    }

    @Test func anotherMasterKeyDoesNotOpenAndIsNamed() throws {
        let sealed = try Self.sealer(Self.first).seal([1], for: Self.key)
        let error = #expect(throws: SealError.self) { _ = try Self.sealer(Self.second).open(sealed, for: Self.key) }
        #expect(error?.code == .unknownKey)
        let id = sealed[1..<9].map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(error?.message.contains(id) == true)
    }

    @Test(arguments: [
        StateKey(collection: "access-key", scope: "", name: "AKIAEXAMPLF"), StateKey(collection: "access-key", scope: "A", name: "KIAEXAMPLE"),
        StateKey(collection: "access-keyA", scope: "", name: "KIAEXAMPLE"), StateKey(collection: "", scope: "access-key", name: "AKIAEXAMPLE"),
    ])
    func anotherDocumentDoesNotOpen(key: StateKey) throws {
        let sealer = try Self.sealer(Self.first)
        let sealed = try sealer.seal([1, 2, 3], for: Self.key)
        let error = #expect(throws: SealError.self) { _ = try sealer.open(sealed, for: key) }
        #expect(error?.code == .notAuthentic)
    }

    @Test func noChangedByteOpens() throws {
        let sealer = try Self.sealer(Self.first)
        let sealed = try sealer.seal([1, 2, 3], for: Self.key)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SealError.self) { _ = try sealer.open(changed, for: Self.key) }
        }
        for count in sealed.indices {
            #expect(throws: SealError.self) { _ = try sealer.open(Array(sealed.prefix(count)), for: Self.key) }
        }
    }

    @Test(arguments: ["", "# nothing\n", "short", "AAAA", "not base64 at all!", "\u{0}", String(repeating: "x", count: 10_000)])
    func nonsenseIsNoKeyRing(text: String) {
        let error = #expect(throws: MasterKeyError.self) { _ = try MasterKeyRing(text: text, source: "APUS_MASTER_KEYS") }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("APUS_MASTER_KEYS") == true)
        #expect(text.isEmpty || error?.message.contains(text) == false)
    }

    @Test func commasCommentsAndSpacesAreUnderstood() throws {
        let sealed = try Self.sealer(Self.second).seal([1], for: Self.key)
        let ring = "# keys\r\n\n  \(Self.first) # the new one\r\n,\(Self.second)"
        #expect(try Self.sealer(ring).open(sealed, for: Self.key) == [1])
    }
}

@Suite struct MasterKeyFileTests {
    private static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    @Test func isCreatedOnceForItsOwnerOnly() throws {
        try Self.withFolder { folder in
            let path = "\(folder)/master.keys"
            let key = StateKey(collection: "c", scope: "", name: "n")
            let sealed = try SecretSealer(ring: try .loadOrCreate(file: path)).seal([7], for: key)
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["master.keys"])
            #expect(try SecretSealer(ring: try .loadOrCreate(file: path)).open(sealed, for: key) == [7])
        }
    }

    @Test(arguments: [0o640, 0o604, 0o660]) func aFileThatOthersMayReadIsRefused(mode: Int) throws {
        try Self.withFolder { folder in
            let path = "\(folder)/master.keys"
            _ = try MasterKeyRing.loadOrCreate(file: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let error = #expect(throws: MasterKeyError.self) { _ = try MasterKeyRing.loadOrCreate(file: path) }
            #expect(error?.code == .notPrivate)
            #expect(error?.message.contains("chmod 600 \(path)") == true)
        }
    }

    @Test func whatCannotBeReadIsAnError() throws {
        try Self.withFolder { folder in
            let missing = #expect(throws: MasterKeyError.self) { _ = try MasterKeyRing(file: "\(folder)/none") }
            #expect(missing?.code == .unavailable)
            let noFolder = #expect(throws: MasterKeyError.self) { _ = try MasterKeyRing.loadOrCreate(file: "\(folder)/no/keys") }
            #expect(noFolder?.code == .unavailable)
            let directory = #expect(throws: MasterKeyError.self) { _ = try MasterKeyRing(file: folder) }
            #expect(directory?.code == .malformed)
        }
    }
}
