import ChildProcesses

/// A mount and a process namespace: for a server whose binary has users and paths compiled in that this system lacks or uses otherwise, and
/// for one whose processes would outlive a test that is killed.
///
/// The server sees a user database of its own and no name server, and nothing of this system is changed. When the namespace's first process
/// is killed, the kernel kills all of them.
struct MTANamespace: Sendable {
    /// Runs what follows as the first process of new namespaces.
    static let command = ["/usr/bin/unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]

    /// A user that exists only there.
    struct User: Sendable {
        var name: String
        var number: UInt32
    }

    let folder: MTAFolder
    /// Those that the server sees; nil is this system's user database.
    let users: [User]?

    /// Why there is none here; nil when there is.
    static func unavailable() async -> String? {
        do {
            let trial = try await Child.run(command[0], Array(command.dropFirst()) + ["/bin/true"])
            return trial.end.isSuccess ? nil : String(trial.errors.prefix(200))
        } catch {
            return "\(error)"
        }
    }

    /// Writes what the namespace needs.
    ///
    /// - Parameters:
    ///   - mounts: shell commands that go before the server.
    ///   - server: shell words that start it in the foreground.
    ///   - stop: shell words that ask it, `$server`, to end.
    /// - Returns: the command that runs the server in it.
    func write(mounts: [String] = [], server: [String], log: String, stop: String) throws(LoadTestError) -> [String] {
        let fixed = ["root:x:0:0::/root:/bin/sh", "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin"]
        let own = (users ?? []).map { "\($0.name):x:\($0.number):\($0.number)::/nonexistent:/usr/sbin/nologin" }
        try folder.write((fixed + own).map { "\($0)\n" }.joined(), to: "passwd")
        try folder.write((["root:x:0:", "nogroup:x:65534:"] + (users ?? []).map { "\($0.name):x:\($0.number):" }).map { "\($0)\n" }.joined(), to: "group")
        // OpenSMTPD asks for the name of each client that connects, and for `localhost` it asks DNS first unless it is told where to look:
        // every greeting would wait for somebody outside of this test. C libraries that do not know `lookup` ask on loopback at most.
        try folder.write("lookup file\n", to: "resolv.conf")
        try folder.write("127.0.0.1 localhost\n::1 localhost\n", to: "hosts")
        let replaced = (users == nil ? [] : ["passwd", "group"]) + ["resolv.conf", "hosts"]
        let lines = ["set -e", "cd /"] + replaced.map { "[ ! -e /etc/\($0) ] || mount --bind \(MTAFolder.quoted(folder.file($0))) /etc/\($0)" }
        // The first process stays until all others have ended: when it goes, they are killed.
        let run = [
            "ulimit -n \"$(ulimit -H -n)\"", "set +e", "trap '\(stop)' TERM",
            "\(server.map(MTAFolder.quoted).joined(separator: " ")) >>\(MTAFolder.quoted(log)) 2>&1 &",
            "server=$!", "wait \"$server\"", "status=$?",
            "while kill -0 \"$server\" 2>/dev/null; do wait \"$server\"; status=$?; done",
            "while set -- /proc/[0-9]*; [ $# -gt 1 ]; do sleep 0.05; done",
            "[ \"$status\" = 0 ] || tail -n 20 \(MTAFolder.quoted(log)) >&2", "exit \"$status\"",
        ]
        try folder.write((lines + mounts + run).map { "\($0)\n" }.joined(), to: "start.sh")
        return Self.command + ["/bin/sh", folder.file("start.sh")]
    }
}
