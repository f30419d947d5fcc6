import FoundationEssentials
import LoadTesting

/// Executables.
enum ProgramPath {
    /// This one.
    static var own: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    /// One in the same folder.
    ///
    /// - Throws: ``LoadTestError`` when it is not there.
    static func beside(_ name: String) throws -> String {
        let path = URL(filePath: own).deletingLastPathComponent().appending(path: name).path()
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw LoadTestError(.unavailable, "\(path) is not there: build it, or name it by --\(name)")
        }
        return path
    }
}
