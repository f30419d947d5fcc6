/// One step from a format of the data folder to the next.
///
/// Steps run in order under the lock, before anything else uses the folder. A step may run again after a crash and must then come to
/// the same result.
struct DataFolderMigration: Sendable {
    /// The format that the folder has after this step.
    let version: Int
    /// Carries the step out in the folder at the path given.
    let apply: @Sendable (String) throws -> Void

    /// Every step there ever was, in order. Steps are added, never changed.
    static let all: [DataFolderMigration] = [
        DataFolderMigration(version: 1) { path in
            for name in ["bus", "state", "throttling", "bodies"] {
                try DiskFile.makeDirectory("\(path)/\(name)")
            }
        }
    ]
}
