import FoundationEssentials
import Glibc

/// The folder of a mail server under test: settings, queue and logs, and nothing of it lies elsewhere.
struct MTAFolder: Sendable {
    let path: String

    /// Makes it. A server drops to users of its own, who must get through.
    init(_ path: String) throws(LoadTestError) {
        self.path = path
        try Self.make(path, mode: 0o755)
        if let closed = Self.closed(above: path) {
            throw LoadTestError(.unavailable, "mail servers drop to users that \(closed) does not let through to \(path): choose another folder")
        }
    }

    /// The first folder above `path` that not everybody may go through.
    static func closed(above path: String) -> String? {
        var above = ""
        for name in path.split(separator: "/").dropLast() {
            above += "/\(name)"
            let mode = (try? FileManager.default.attributesOfItem(atPath: above))?[.posixPermissions] as? any BinaryInteger
            if let mode, Int(mode) & 0o001 == 0 { return above }
        }
        return nil
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, in place of one that is there.
    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws(LoadTestError) {
        do {
            try Data(text.utf8).write(to: URL(filePath: file(name)))
        } catch {
            throw LoadTestError(.unavailable, "\(file(name)) cannot be written: \(error)")
        }
        chmod(file(name), mode)
    }

    /// Makes a folder with those above it, and gives it to a user.
    func makeFolder(_ name: String, owner: uid_t? = nil, group: gid_t? = nil, mode: mode_t = 0o755) throws(LoadTestError) {
        try Self.make(file(name), mode: mode)
        guard owner != nil || group != nil else { return }
        guard chown(file(name), owner ?? uid_t.max, group ?? gid_t.max) == 0 else {
            throw LoadTestError(.unavailable, "\(file(name)) cannot be given to user \(owner ?? 0): error \(errno)")
        }
    }

    private static func make(_ path: String, mode: mode_t) throws(LoadTestError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw LoadTestError(.unavailable, "\(path) cannot be made: \(error)")
        }
        // Independent of the umask.
        chmod(path, mode)
    }

    /// How many entries below a folder are wanted, as far down as `levels` says; 0 for a folder that is not there.
    ///
    /// - Parameter isWanted: by name; asked for those of the last level.
    func count(below name: String, levels: ClosedRange<Int>, where isWanted: (String) -> Bool = { _ in true }) -> Int {
        Self.count(file(name), level: 1, levels: levels, where: isWanted)
    }

    private static func count(_ path: String, level: Int, levels: ClosedRange<Int>, where isWanted: (String) -> Bool) -> Int {
        guard let folder = opendir(path) else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            if entry.pointee.d_type == DT_DIR, level < levels.upperBound {
                count += Self.count("\(path)/\(name)", level: level + 1, levels: levels, where: isWanted)
            } else if level >= levels.lowerBound, isWanted(name) {
                count += 1
            }
        }
        return count
    }

    /// As one word for a shell.
    static func quoted(_ word: String) -> String {
        "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }
}
