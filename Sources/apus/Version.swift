/// The version of this build.
enum Version {
    /// As SemVer.
    static let text = "0.1.0"
}
