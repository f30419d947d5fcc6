internal import Glibc

/// The one folder in which an installation on embedded backends keeps everything, held by one process at a time.
///
/// ```
/// lock          flock(2), holds the process id        format       the format's version
/// control.sock  commands of other processes           master.keys  what secrets are sealed with
/// bus/  state/  throttling/  bodies/                  one folder per backend
/// ```
///
/// The folder belongs to its user alone (0700, files 0600), and a folder that others may enter is refused: there are secrets in it.
/// Embedded means one node; a folder on a network file system is on the user's own risk.
package final class DataFolder: Sendable {
    /// The format that this program writes.
    package static var formatVersion: Int { DataFolderMigration.all.last?.version ?? 0 }

    /// The folder's path as given.
    package let path: String
    private let directory: DiskFile
    private let lock: DataFolderLock

    /// Opens a folder, creating it when it does not exist, and holds it until ``DataFolder`` goes.
    ///
    /// - Throws: ``DataFolderError``.
    package static func open(_ path: String) throws(DataFolderError) -> DataFolder {
        do {
            return try DataFolder(path)
        } catch let error as DataFolderError {
            throw error
        } catch {
            throw DataFolderError(.unavailable, "the data folder \(path) cannot be used: \(error)", cause: error)
        }
    }

    /// Who has a folder open.
    ///
    /// - Returns: nil when nobody has.
    /// - Throws: ``DataFolderError``.
    package static func holder(of path: String) throws(DataFolderError) -> DataFolderHolder? {
        do throws(DiskError) {
            guard let holder = try DataFolderLock.holder("\(path)/lock") else { return nil }
            return DataFolderHolder(processID: holder.processID, controlSocketPath: "\(path)/control.sock")
        } catch {
            throw DataFolderError(.unavailable, "the data folder \(path) cannot be used: \(error)", cause: error)
        }
    }

    /// The folder of the message bus.
    package var busPath: String { "\(self.path)/bus" }
    /// The folder of the state store.
    package var statePath: String { "\(self.path)/state" }
    /// The folder of quotas and delivery markers.
    package var throttlingPath: String { "\(self.path)/throttling" }
    /// The folder of message bodies.
    package var bodiesPath: String { "\(self.path)/bodies" }
    /// The file of the keys that secrets are sealed with.
    package var masterKeyPath: String { "\(self.path)/master.keys" }
    /// The socket for other processes' commands.
    package var controlSocketPath: String { "\(self.path)/control.sock" }

    private init(_ path: String) throws {
        self.path = path
        try Self.create(path)
        self.directory = try DiskFile(path, O_RDONLY | O_DIRECTORY)
        try Self.checkPrivate(self.directory, path: path)
        try Self.checkContents(path)
        guard let lock = try DataFolderLock.take("\(path)/lock") else {
            throw Self.lockedError(path)
        }
        self.lock = lock
        try Self.migrate(path)
    }

    private static func lockedError(_ path: String) -> DataFolderError {
        let holder = (try? Self.holder(of: path)) ?? DataFolderHolder(processID: nil, controlSocketPath: "\(path)/control.sock")
        let who = holder.processID.map { "process \($0)" } ?? "another process"
        return DataFolderError(
            .locked,
            "the data folder \(path) is in use by \(who): stop it first, or choose another folder; "
                + "commands reach it through \(holder.controlSocketPath)",
            holder: holder
        )
    }

    private static func create(_ path: String) throws(DiskError) {
        guard !path.isEmpty else { throw DiskError(errno: ENOENT, operation: "open the empty path") }
        var missing: [String] = []
        var current = path
        while access(current, F_OK) != 0, errno == ENOENT {
            missing.append(current)
            let parent = DiskFile.parent(of: current)
            guard parent != current else { break }
            current = parent
        }
        for (index, part) in missing.enumerated().reversed() {
            let isFolderItself = index == 0
            guard mkdir(part, isFolderItself ? 0o700 : 0o755) == 0 || errno == EEXIST else { throw DiskError.last("create \(part)") }
            try DiskFile.synchronizeDirectory(DiskFile.parent(of: part))
        }
    }

    private static func checkPrivate(_ directory: borrowing DiskFile, path: String) throws {
        var status = stat()
        guard fstat(directory.descriptor, &status) == 0 else { throw DiskError.last("stat \(path)") }
        guard status.st_uid == geteuid() else {
            throw DataFolderError(
                .wrongOwner,
                "the data folder \(path) belongs to user \(status.st_uid) and this process runs as user \(geteuid()): "
                    + "run as its owner, or choose another folder"
            )
        }
        guard status.st_mode & 0o077 == 0 else {
            throw DataFolderError(
                .notPrivate,
                "the data folder \(path) is open to other users (mode \(String(status.st_mode & 0o7777, radix: 8))): "
                    + "it holds keys and mail; run `chmod 700 \(path)`"
            )
        }
    }

    /// Refuses a folder of somebody's other things, where a path was mistyped.
    private static func checkContents(_ path: String) throws {
        let names = try DiskFile.names(in: path)
        guard !names.contains("format") else { return }
        let own: Set<String> = [
            "lock", "format.new", "bus", "state", "throttling", "bodies", "master.keys", "master.keys.new", "control.sock", "lost+found",
        ]
        if let other = names.first(where: { !own.contains($0) }) {
            throw DataFolderError(
                .notADataFolder,
                "\(path) is not a data folder and not empty (it holds `\(other)`): choose a new or empty folder"
            )
        }
    }

    private static func migrate(_ path: String) throws {
        let file = "\(path)/format"
        var version = 0
        do throws(DiskError) {
            let bytes = try DiskFile.contents(of: file, limit: 64)
            let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            guard let number = Int(text), number > 0 else {
                throw DiskError(errno: EINVAL, operation: "read the version in \(file)")
            }
            version = number
        } catch {
            guard error.errno == ENOENT else { throw error }
        }
        guard version <= Self.formatVersion else {
            throw DataFolderError(
                .newerFormat,
                "the data folder \(path) has format \(version), and this program knows formats up to \(Self.formatVersion): "
                    + "run the newer program that wrote it"
            )
        }
        for migration in DataFolderMigration.all where migration.version > version {
            try migration.apply(path)
            try DiskFile.synchronizeDirectory(path)
            try DiskFile.replace(file, with: Array("\(migration.version)\n".utf8))
        }
    }
}
