internal import FoundationEssentials
internal import Glibc

/// The keys that secrets at rest are sealed with: the first seals, all of them open.
///
/// As text, one key a line, the Base64 of 32 random bytes; empty lines and lines from `#` on are left out. To change the key, put a
/// new one on top and leave the old ones until everything is sealed anew.
package struct MasterKeyRing: Sendable {
    /// The most keys in a ring.
    package static let maximumKeys = 64
    private static let maximumFileBytes = 64 << 10

    let keys: [MasterKey]

    /// Reads keys from text: a file's contents, or a setting, where commas separate keys as well.
    ///
    /// - Throws: ``MasterKeyError``.
    package init(text: String, source: String) throws(MasterKeyError) {
        var keys: [MasterKey] = []
        let lines = text.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: ",") }
        for (index, line) in lines.enumerated() {
            let content = line.prefix { $0 != UInt8(ascii: "#") }.filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }
            guard !content.isEmpty else { continue }
            guard let bytes = Data(base64Encoded: Data(content)), bytes.count == 32 else {
                throw MasterKeyError(.malformed, "line \(index + 1) of \(source) is not a master key: the Base64 of 32 random bytes")
            }
            keys.append(MasterKey(bytes: Array(bytes)))
        }
        guard !keys.isEmpty, keys.count <= Self.maximumKeys else {
            throw MasterKeyError(.malformed, "\(source) must hold 1 to \(Self.maximumKeys) master keys")
        }
        self.keys = keys
    }

    /// Reads a file that must be readable by its owner alone.
    ///
    /// - Throws: ``MasterKeyError``.
    package init(file path: String) throws(MasterKeyError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unavailable("read", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.unavailable("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.maximumFileBytes else {
            throw MasterKeyError(.malformed, "\(path) is not a file of master keys")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw MasterKeyError(.notPrivate, "the master keys in \(path) are open to other users: run `chmod 600 \(path)`")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + count, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Self.unavailable("read", path) }
            guard got > 0 else { break }
            count += got
        }
        try self.init(text: String(decoding: bytes.prefix(count), as: UTF8.self), source: path)
    }

    /// Reads a file, or creates it with one new key when it does not exist.
    ///
    /// - Throws: ``MasterKeyError``.
    package static func loadOrCreate(file path: String) throws(MasterKeyError) -> MasterKeyRing {
        if access(path, F_OK) != 0, errno == ENOENT { try Self.create(path) }
        return try MasterKeyRing(file: path)
    }

    /// A new key as text.
    package static func generateKeyText() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Data(bytes).base64EncodedString()
    }

    /// Writes a new file under another name and links it into place, so that a crash leaves no half of a key and of two creators
    /// one wins.
    private static func create(_ path: String) throws(MasterKeyError) {
        let temporary = "\(path).\(getpid()).new"
        let text = "# Keys that this installation's secrets are sealed with. Without them its data is lost: keep a copy.\n\(Self.generateKeyText())\n"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.unavailable("create", path) }
        defer { unlink(temporary) }
        let bytes = Array(text.utf8)
        let isWritten = write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, link(temporary, path) == 0 || errno == EEXIST else { throw Self.unavailable("create", path) }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.unavailable("create", path) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw Self.unavailable("create", path) }
    }

    private static func unavailable(_ action: String, _ path: String) -> MasterKeyError {
        MasterKeyError(.unavailable, "cannot \(action) the master keys in \(path): error \(errno)")
    }
}
