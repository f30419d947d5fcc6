import ChildProcesses
import FoundationEssentials

/// Exim of Debian, which signs by itself.
///
/// Its binary asks for a user by the name `Debian-exim`, so it runs in a mount namespace with a user database of its own.
package final class EximSystem: MTASystem {
    package let configuration: MTAConfiguration
    package let port: Int
    package let processes = MTAProcesses()

    private static let user = MTANamespace.User(name: "Debian-exim", number: 60_601)
    private static let program = "usr/sbin/exim4"
    /// Two for each delivery.
    private static let processes = 2_000
    private let tools: MTATools
    private let folder: MTAFolder
    private let command: [String]
    /// Of the whole system.
    private let mostThreads: Int

    /// Writes its settings; nothing is started yet.
    package init(_ configuration: MTAConfiguration) async throws {
        self.configuration = configuration
        tools = Self.tools(in: configuration.tools)
        folder = try MTAFolder(configuration.folder)
        port = try FreePort.find()
        for name in ["spool", "log"] { try folder.makeFolder(name, owner: Self.user.number, group: Self.user.number, mode: 0o750) }
        mostThreads = Self.threads() + Self.processes
        if configuration.isSigning { try await MTASigning.writeKey(in: folder, owner: Self.user.number) }
        command = try MTANamespace(folder: folder, users: [Self.user]).write(
            server: ["\(tools.folder)/\(Self.program)", "-C", folder.file("exim.conf"), "-bdf", "-q5s"], log: folder.file("exim.log"),
            stop: Self.stop)
        try folder.write(settings.map { "\($0)\n" }.joined(), to: "exim.conf")
    }

    /// Why it cannot run here; nil when it can.
    package static func unavailable(tools: String) async -> String? {
        await Self.tools(in: tools).unavailable(programs: [Self.program], needsNamespaces: true)
    }

    private static func tools(in folder: String) -> MTATools { MTATools("exim", in: folder) }

    package var description: MailSystemDescription {
        var notes = [
            "delivers each message at once in a process and over a connection of its own, up to \(Self.processes / 2) at a time",
            "needs no privilege to deliver, so that it does not execute itself anew for each message (deliver_drop_privilege)",
            "split spool, no log files for each message; looks for what is left every 5 seconds",
        ]
        if !processes.isCounted { notes.append("no control group could be made: CPU time of its deliveries, most of all, is not counted") }
        return MailSystemDescription(
            name: "Exim", version: tools.version(of: "exim4-daemon-light"), entrance: "SMTP on loopback, no TLS, no authentication",
            durability: "a 250 leaves after fsync of body, header and their folder", signing: configuration.signing, notes: notes)
    }

    package func start() async throws {
        try await processes.start(
            MTAProcesses.Command(
                name: "Exim", program: command[0], arguments: Array(command.dropFirst()), environment: tools.environment, needsControlGroup: true,
                isNamespaced: true, port: port))
    }

    package func queueDepth() async throws -> Int? {
        folder.count(below: "spool/input", levels: 1...2) { $0.hasSuffix("-H") }
    }

    /// How many threads this system has.
    private static func threads() -> Int {
        let fields = String(decoding: FileManager.default.contents(atPath: "/proc/loadavg") ?? Data(), as: UTF8.self).split(separator: " ")
        return fields.count > 3 ? fields[3].split(separator: "/").last.flatMap { Int($0) } ?? 0 : 0
    }

    private var settings: [String] {
        let signing = [
            "  dkim_domain = \(configuration.domain)", "  dkim_selector = \(MTASigning.selector)", "  dkim_private_key = \(folder.file("dkim.pem"))",
            "  dkim_canon = relaxed", "  dkim_hash = sha256", "  dkim_strict = true", "  dkim_sign_headers = \(Self.signedHeaders)",
        ]
        return [
            "primary_hostname = exim.load.test", "spool_directory = \(folder.file("spool"))", "log_file_path = \(folder.file("log"))/%slog",
            "pid_file_path = \(folder.file("spool"))/exim.pid", "exim_path = \(tools.folder)/\(Self.program)", "keep_environment = LD_LIBRARY_PATH",
            "local_interfaces = 127.0.0.1", "daemon_smtp_ports = \(port)", "disable_ipv6 = true",
            // An abstract socket, which another Exim of this system may have.
            "notifier_socket =",
            "acl_smtp_mail = mail", "acl_smtp_rcpt = accept", "acl_smtp_data = data", "host_lookup =", "rfc1413_query_timeout = 0s",
            "dns_dnssec_ok = 0", "tls_advertise_hosts =", "message_size_limit = 50M",
            // Nothing is put off for load: every connection is taken, and every message of it delivered at once.
            "smtp_accept_max = \(max(1_000, configuration.connections * 2))", "smtp_accept_queue = 0", "smtp_accept_queue_per_connection = 0",
            "smtp_accept_max_per_connection = 0", "smtp_accept_max_nonmail = 1000", "smtp_connect_backlog = 200", "smtp_reserve_hosts =",
            "split_spool_directory = true", "message_logs = false", "deliver_drop_privilege = true", "queue_run_max = \(configuration.connections)",
            "begin acl", "mail:", "  accept control = dkim_disable_verify",
            // A sink that is slow must not fill this system with deliveries: what comes when there are so many waits for a queue runner.
            "data:", "  warn condition = ${if >{${extract{2}{/}{${extract{4}{ }{${readfile{/proc/loadavg}}}}}}}{\(mostThreads)}}",
            "       control = queue_only",
            "  accept",
            "begin routers", "sink:", "  driver = manualroute", "  transport = sink", "  route_list = * \(configuration.sinkHost) byname",
            "  self = send", "  no_more",
            "begin transports", "sink:", "  driver = smtp", "  port = \(configuration.sinkPort)", "  allow_localhost", "  hosts_avoid_tls = *",
            "  hosts_try_dane =", "  message_linelength_limit = 1000000",
            // It never finds another message waiting for a connection that is free, so it is not to look.
            "  connection_max_messages = 1",
        ] + (configuration.isSigning ? signing : []) + ["begin retry", "* * F,4d,5s"]
    }

    /// Its children are queue runners and connections, of which each answers 421 and ends when it is asked while it waits for a command, and
    /// not at another time. Deliveries are children of those and go on to their end.
    private static let stop = [
        "kill -STOP $server", "children=$(cat /proc/$server/task/$server/children)", "kill -TERM $server", "kill -CONT $server",
        "while alive=; for child in $children; do kill -TERM $child 2>/dev/null && alive=1; done; [ -n \"$alive\" ]; do sleep 0.02; done",
    ].joined(separator: "; ")

    /// Each field that is there, and once more those that must not be added.
    private static var signedHeaders: String {
        MTASigning.signed.map { MTASigning.oversigned.contains($0) ? "+\($0)" : "=\($0)" }.joined(separator: ":")
    }
}
