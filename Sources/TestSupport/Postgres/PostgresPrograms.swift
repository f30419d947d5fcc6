import ChildProcesses
import Foundation

/// PostgreSQL's programs: the system's, or those that `make deps` unpacked.
struct PostgresPrograms: Sendable {
    let folder: String
    private let libraries: String?

    /// Whether they have to run as somebody else.
    private static let isRoot = geteuid() == 0
    /// `nobody` and `nogroup` on every Debian.
    private static let nobody: UInt32 = 65534

    /// Finds them.
    ///
    /// - Parameter folder: where a copy is made when `nobody` could not reach them where they are.
    /// - Throws: ``ChildFailure`` when there are none.
    static func find(copyingInto folder: String) async throws -> PostgresPrograms {
        var roots = [""]
        // From this file up to the repository; SwiftPM names it so in every build.
        var place = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { place.deleteLastPathComponent() }
        for base in [place.path, FileManager.default.currentDirectoryPath] { roots.append("\(base)/.build-tools/postgresql") }
        for root in roots {
            let versions = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/usr/lib/postgresql")) ?? []
            for version in versions.sorted(by: { (Int($0) ?? 0) > (Int($1) ?? 0) }) {
                let programs = "\(root)/usr/lib/postgresql/\(version)/bin"
                guard access("\(programs)/postgres", X_OK) == 0, access("\(programs)/initdb", X_OK) == 0 else { continue }
                return try await Self.reachable(root: root, programs: programs, copy: "\(folder)/programs")
            }
        }
        throw ChildFailure("PostgreSQL's programs are not there: run make deps, or name a server in APUS_TEST_POSTGRES")
    }

    /// A folder below somebody's private one is not `nobody`'s to enter.
    private static func reachable(root: String, programs: String, copy: String) async throws -> PostgresPrograms {
        guard Self.isRoot, !root.isEmpty, !Self.isOpenToAll(programs) else {
            return PostgresPrograms(folder: programs, libraries: root.isEmpty ? nil : Self.libraries(below: root))
        }
        let copied = try await Child.run("/usr/bin/env", ["cp", "-a", root, copy])
        guard copied.end.isSuccess else { throw ChildFailure("cp: \(copied.errors)") }
        return PostgresPrograms(folder: copy + programs.dropFirst(root.count), libraries: Self.libraries(below: copy))
    }

    private static func isOpenToAll(_ path: String) -> Bool {
        var place = URL(fileURLWithPath: path).standardizedFileURL
        while place.path != "/" {
            var status = stat()
            guard stat(place.path, &status) == 0, status.st_mode & 0o001 != 0 else { return false }
            place.deleteLastPathComponent()
        }
        return true
    }

    private static func libraries(below root: String) -> String {
        let places = ["\(root)/usr/lib", "\(root)/lib"]
        let architectures = places.flatMap { place in
            ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).filter { $0.hasSuffix("-linux-gnu") }.map { "\(place)/\($0)" }
        }
        return architectures.joined(separator: ":")
    }

    /// Makes a folder and what is in it the server's.
    func giveAway(_ folder: String) throws {
        guard Self.isRoot else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != "programs" {
            guard chown("\(folder)/\(name)", Self.nobody, Self.nobody) == 0 else { throw ChildFailure("chown: error \(errno)") }
        }
        guard chown(folder, Self.nobody, Self.nobody) == 0 else { throw ChildFailure("chown: error \(errno)") }
    }

    /// Starts one of them.
    func start(_ program: String, _ arguments: [String]) async throws -> Child {
        let (command, all) = self.command(program, arguments)
        return try await Child.start(name: program, command, all, environment: self.environment, outputLimit: 200)
    }

    /// Runs one of them to its end.
    func run(_ program: String, _ arguments: [String]) async throws -> Child.Result {
        let (command, all) = self.command(program, arguments)
        return try await Child.run(command, all, environment: self.environment, within: .seconds(120))
    }

    private var environment: [String: String] {
        Child.plainEnvironment(self.libraries.map { ["LD_LIBRARY_PATH": $0, "LC_ALL": "C"] } ?? ["LC_ALL": "C"])
    }

    /// A change of user makes the kernel forget the signal at the parent's death, so it is asked for again after it.
    private func command(_ program: String, _ arguments: [String]) -> (String, [String]) {
        // Debian's psql in the path is a wrapper; the one here is the program.
        let path = "\(self.folder)/\(program)"
        guard Self.isRoot else { return (path, arguments) }
        let change = ["--reuid", "\(Self.nobody)", "--regid", "\(Self.nobody)", "--clear-groups", "--pdeathsig", "KILL", "--", path]
        return (Child.wrapper, change + arguments)
    }
}
