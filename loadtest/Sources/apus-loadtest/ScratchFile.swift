import FoundationEssentials

/// Files that are not to stay.
enum ScratchFile {
    static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}
