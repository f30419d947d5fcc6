import FoundationEssentials
import Glibc

/// What `scripts/deps-mta.sh` unpacked of one mail server.
struct MTATools: Sendable {
    /// `.build-tools/NAME`.
    let folder: String
    let name: String

    init(_ name: String, in tools: String) {
        self.name = name
        folder = "\(tools)/\(name)"
    }

    /// Debian's version of a package.
    func version(of package: String) -> String {
        guard let data = FileManager.default.contents(atPath: "\(folder)/packages") else { return "of Debian" }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == package { return String(words[1]) }
        }
        return "of Debian"
    }

    /// Only what its programs need: their libraries are unpacked beside them.
    var environment: [String: String] {
        var folders: [String] = []
        for library in ["usr/lib", "lib"] {
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(library)")) ?? []
            folders.append("\(folder)/\(library)")
            folders += entries.filter { $0.contains("-linux-gnu") || $0 == "postfix" }.map { "\(folder)/\(library)/\($0)" }
        }
        return ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": folders.sorted().joined(separator: ":"), "LANG": "C", "TZ": "UTC"]
    }

    /// Why it cannot run here; nil when it can.
    ///
    /// - Parameters:
    ///   - programs: below its folder.
    ///   - needsNamespaces: whether it must have a mount and a process namespace of its own.
    func unavailable(programs: [String], needsNamespaces: Bool) async -> String? {
        for program in programs where access("\(folder)/\(program)", X_OK) != 0 { return "\(name) is not unpacked: scripts/deps-mta.sh \(name)" }
        guard geteuid() == 0 else { return "\(name) starts only as root" }
        if let closed = MTAFolder.closed(above: folder) { return "\(name) drops to users that \(closed) does not let through to its programs" }
        guard needsNamespaces, let reason = await MTANamespace.unavailable() else { return nil }
        return "\(name) needs a mount and a process namespace of its own, which this system does not give: \(reason)"
    }
}
