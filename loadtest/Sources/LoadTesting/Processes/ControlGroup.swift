import FoundationEssentials
import Glibc
import Synchronization

/// A control group (cgroups v2) for the processes of one system, which counts their CPU time to the microsecond.
///
/// `/proc` cannot say what a process used whose parent ignores its end, and Exim delivers each message in such processes. No controller
/// is needed and none is enabled; the group lies below this process's own, so whatever bounds this process bounds them too.
struct ControlGroup: Sendable, Hashable {
    let path: String

    private static let prefix = "apus-loadtest-"
    /// Where version 2 is mounted: beside version 1, or alone.
    private static let mounts = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
    private static let made = Atomic(0)

    /// A new group; nil where this process may not make one.
    static func make() -> ControlGroup? {
        guard let own = name(of: getpid()) else { return nil }
        let number = made.add(1, ordering: .relaxed).newValue
        for mount in mounts where access("\(mount)\(own)/cgroup.procs", W_OK) == 0 {
            let above = "\(mount)\(own == "/" ? "" : own)"
            removeStale(below: above)
            let path = "\(above)/\(prefix)\(getpid())-\(number)"
            guard mkdir(path, 0o755) == 0 else { continue }
            let group = ControlGroup(path: path)
            if group.cpuSeconds != nil { return group }
            group.remove()
        }
        return nil
    }

    /// Removes what processes left that were killed.
    private static func removeStale(below above: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: above)) ?? [] where name.hasPrefix(prefix) {
            guard let owner = name.dropFirst(prefix.count).split(separator: "-").first.flatMap({ Int32($0) }) else { continue }
            if kill(owner, 0) != 0, errno == ESRCH { rmdir("\(above)/\(name)") }
        }
    }

    /// The group made by ``make()`` that a process is in.
    init?(of process: Int32) {
        guard let name = Self.name(of: process), name.utf8.split(separator: 0x2F).last.map({ String($0)?.hasPrefix(Self.prefix) == true }) == true,
            let mount = Self.mounts.first(where: { access("\($0)\(name)/cpu.stat", R_OK) == 0 })
        else { return nil }
        path = mount + name
    }

    private init(path: String) {
        self.path = path
    }

    /// A command before a program and its arguments: it goes into the group and becomes the program, so the process id stays.
    var joining: [String] { ["/bin/sh", "-c", "echo $$ >\"$0\"/cgroup.procs && exec \"$@\"", path] }

    /// CPU time of all that are or were in it; nil when the group is gone.
    var cpuSeconds: Double? {
        guard let data = FileManager.default.contents(atPath: "\(path)/cpu.stat") else { return nil }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasPrefix("usage_usec ") {
            return Double(line.dropFirst(11)).map { $0 / 1e6 }
        }
        return nil
    }

    /// Once nothing is in it any more.
    func remove() {
        rmdir(path)
    }

    /// As in `/proc/PID/cgroup`: `0::/user.slice`.
    private static func name(of process: Int32) -> String? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cgroup") else { return nil }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasPrefix("0::/") { return String(line.dropFirst(3)) }
        return nil
    }
}
