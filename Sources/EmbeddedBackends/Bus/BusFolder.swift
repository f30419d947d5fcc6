import Backends
import Glibc
import NIOCore

/// The files of the bus:
///
/// ```
/// format             "apus-bus 1": refused when it is newer than this program
/// topics             the catalogue, see TopicCatalog
/// 0000000a.hot       a segment: records and commits in the order of their writing
/// 00000007.cold      a segment of live records that were moved out of mostly dead ones
/// 00000007.index     what a finished segment holds, to open it without reading it; may be deleted at any time
/// 3.spare            a segment's blocks, to be used again
/// ```
struct BusFolder: Sendable {
    /// The version of everything in the folder.
    static let formatVersion = 1
    private static let formatName = "apus-bus "

    let path: String

    enum SegmentKind: String, Sendable {
        case hot
        case cold
    }

    /// Creates the folder where it is missing, and checks its format.
    ///
    /// - Throws: ``BusError`` with ``BusError/Code/corrupt`` where the format is unknown; ``PosixFailure``.
    init(path: String) throws {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw PosixFailure("mkdir") }
        guard let bytes = try self.readSmallFile("format") else {
            guard try self.segments().isEmpty else {
                throw BusError(.corrupt, "\(path) holds segments and no file \"format\"; restore it, or the whole folder, from a copy")
            }
            try self.replace("format", with: Array("\(Self.formatName)\(Self.formatVersion)\n".utf8))
            return
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix(Self.formatName), let version = Int(text.dropFirst(Self.formatName.count).prefix { $0 != "\n" }) else {
            throw BusError(.corrupt, "\(path)/format is not a format file of the bus")
        }
        guard version <= Self.formatVersion else {
            throw BusError(
                .corrupt,
                "\(path) has format \(version), this program reads up to format \(Self.formatVersion); run the newer program")
        }
    }

    func file(_ name: String) -> String { "\(self.path)/\(name)" }

    func segmentPath(_ segment: UInt32, _ kind: SegmentKind) -> String {
        self.file("\(Self.hexadecimal(segment)).\(kind.rawValue)")
    }

    func indexPath(_ segment: UInt32) -> String { self.file("\(Self.hexadecimal(segment)).index") }

    /// The segments that are there, by rising number.
    func segments() throws -> [(segment: UInt32, kind: SegmentKind)] {
        try self.names().compactMap { name -> (segment: UInt32, kind: SegmentKind)? in
            let parts = name.split(separator: ".")
            guard parts.count == 2, parts[0].utf8.count == 8, let segment = UInt32(parts[0], radix: 16),
                let kind = SegmentKind(rawValue: String(parts[1]))
            else { return nil }
            return (segment, kind)
        }.sorted { $0.segment < $1.segment }
    }

    /// The names of the spare files.
    func spares() throws -> [String] {
        try self.names().filter { $0.hasSuffix(".spare") }.sorted()
    }

    /// The names in the folder.
    func names() throws -> [String] {
        guard let directory = opendir(self.path) else { throw PosixFailure("opendir") }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    /// Makes created, renamed and removed names durable.
    func synchronizeNames() throws {
        let descriptor = open(self.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw PosixFailure("open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw PosixFailure("fsync") }
    }

    /// Renames within the folder; not durable before ``synchronizeNames()``.
    func rename(_ source: String, to target: String) throws {
        guard Glibc.rename(source, target) == 0 else { throw PosixFailure("rename") }
    }

    /// Removes a file; a missing one is no error.
    func remove(_ path: String) {
        unlink(path)
    }

    /// All bytes of a small file, nil when there is none.
    func readSmallFile(_ name: String) throws -> [UInt8]? {
        let file: SegmentFile
        do {
            file = try SegmentFile(path: self.file(name), create: false)
        } catch let failure as PosixFailure where failure.code == ENOENT {
            return nil
        }
        let size = try file.size()
        guard size <= 64 << 20 else { throw BusError(.corrupt, "\(self.file(name)) is larger than it can be") }
        return Array(try file.read(at: 0, count: size).readableBytesView)
    }

    /// Replaces a small file so that after a crash either the old or the new one is there.
    func replace(_ name: String, with bytes: [UInt8]) throws {
        let temporary = self.file("\(name).new")
        let file = try SegmentFile(path: temporary, create: true)
        try bytes.withUnsafeBytes { try file.write($0, at: 0) }
        try file.synchronizeData()
        try self.rename(temporary, to: self.file(name))
        try self.synchronizeNames()
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }
}
