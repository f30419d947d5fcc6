import Foundation

/// A folder of a test's own, removed at its end.
package final class ScratchFolder: Sendable {
    /// Short, because sockets lie in it (sun_path holds 108 bytes).
    package let path: String

    package init() throws {
        var template = Array("/tmp/apus-XXXXXX".utf8CString)
        guard let path = template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) else {
            throw CocoaError(.fileWriteUnknown)
        }
        self.path = String(cString: path)
    }

    /// The path of something in the folder.
    package func file(_ name: String) -> String { "\(self.path)/\(name)" }

    /// Writes a file and returns its path.
    package func write(_ text: String, to name: String) throws -> String {
        let path = self.file(name)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Removes the folder with all that is in it.
    package func remove() {
        try? FileManager.default.removeItem(atPath: self.path)
    }
}
