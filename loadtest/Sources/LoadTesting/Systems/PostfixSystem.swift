import ChildProcesses
import FoundationEssentials
import Glibc

/// Postfix of Debian, with OpenDKIM as its milter where messages are signed.
///
/// It starts only as root and asks for two unprivileged users and a group; those of a bare Debian are taken (`mail` for the queue, `nobody`
/// for the rest, `daemon`), because no user is made for a test.
package final class PostfixSystem: MTASystem {
    package let configuration: MTAConfiguration
    package let port: Int
    package let processes = MTAProcesses()

    private let tools: MTATools
    private let folder: MTAFolder
    /// OpenDKIM's socket, in the queue's folder, where Postfix's processes are. Over TCP each message waits for delayed acknowledgements,
    /// which halves what the two get done.
    private static let signerSocket = "dkim.sock"
    private let command: [String]
    private let isNamespaced: Bool

    /// Writes its settings; nothing is started yet.
    package init(_ configuration: MTAConfiguration) async throws {
        self.configuration = configuration
        tools = Self.tools(in: configuration.tools)
        folder = try MTAFolder(configuration.folder)
        port = try FreePort.find()
        // A process that changes its user, as the master does, is not killed with the one that started it; one in a namespace is. It ends its
        // process group at SIGTERM, so it is to have one.
        let master = ["\(tools.folder)/usr/lib/postfix/sbin/master", "-c", folder.file("etc"), "-d"]
        isNamespaced = await MTANamespace.unavailable() == nil
        command =
            isNamespaced
            ? try MTANamespace(folder: folder, users: nil).write(
                server: ["/usr/bin/setsid"] + master, log: folder.file("master.log"), stop: "kill -TERM \"$server\"")
            : master
        try await prepare()
    }

    /// Why it cannot run here; nil when it can.
    package static func unavailable(tools: String) async -> String? {
        await Self.tools(in: tools).unavailable(
            programs: ["usr/lib/postfix/sbin/master", "usr/lib/postfix/sbin/smtpd", "usr/sbin/opendkim"], needsNamespaces: false)
    }

    private static func tools(in folder: String) -> MTATools { MTATools("postfix", in: folder) }

    package var description: MailSystemDescription {
        let signer = configuration.isSigning ? ", OpenDKIM \(tools.version(of: "opendkim"))" : ""
        return MailSystemDescription(
            name: configuration.isSigning ? "Postfix + OpenDKIM" : "Postfix", version: tools.version(of: "postfix") + signer,
            entrance: "SMTP on loopback, no TLS, no authentication",
            durability: "a 250 leaves after fsync of the queue file, not of its folder",
            signing: configuration.signing,
            notes: [
                "\(configuration.connections) SMTP connections at most, kept and reused",
                "does not slow its entrance down when mail comes in faster than it goes out (in_flow_delay 0)",
                "tries again after 5 to 10 seconds",
            ])
    }

    package func start() async throws {
        if configuration.isSigning {
            try await processes.start(
                MTAProcesses.Command(
                    name: "OpenDKIM", program: "/usr/bin/env",
                    // A socket's path has 107 octets at most, so it is relative.
                    arguments: ["-C", folder.file("spool"), "\(tools.folder)/usr/sbin/opendkim", "-f", "-x", folder.file("opendkim.conf")],
                    environment: tools.environment, keepsNothing: true, socket: folder.file("spool/\(Self.signerSocket)")))
        }
        try await processes.start(
            MTAProcesses.Command(
                name: "Postfix", program: command[0], arguments: Array(command.dropFirst()),
                environment: tools.environment.merging(["MAIL_CONFIG": folder.file("etc")]) { $1 }, isNamespaced: isNamespaced, port: port))
    }

    package func queueDepth() async throws -> Int? {
        ["maildrop", "incoming", "active", "deferred"].reduce(0) { $0 + folder.count(below: "spool/\($1)", levels: 1...2) }
    }

    // MARK: Settings

    private func prepare() async throws {
        // Its logger's socket is one that Postfix names in full.
        guard folder.file("spool/public/postlog").utf8.count <= 107 else {
            throw LoadTestError(.unavailable, "\(folder.path) is too long a path for Postfix's sockets: choose a folder nearer to the root")
        }
        guard let owner = getpwnam("mail")?.pointee.pw_uid else { throw LoadTestError(.unavailable, "Postfix needs Debian's user mail") }
        for (name, mode) in [
            ("active", 0o700), ("bounce", 0o700), ("corrupt", 0o700), ("defer", 0o700), ("deferred", 0o700), ("flush", 0o700), ("hold", 0o700),
            ("incoming", 0o700), ("private", 0o700), ("saved", 0o700), ("trace", 0o700), ("maildrop", 0o730), ("public", 0o710),
        ] as [(String, mode_t)] {
            try folder.makeFolder("spool/\(name)", owner: owner, mode: mode)
        }
        try folder.makeFolder("spool/pid")
        try folder.makeFolder("data", owner: owner)
        try folder.makeFolder("etc")
        for name in ["dynamicmaps.cf", "postfix-files"] { try folder.write("", to: "etc/\(name)") }
        try folder.write(settings.map { "\($0.0) = \($0.1)\n" }.joined(), to: "etc/main.cf")
        try folder.write(services.map { "\($0)\n" }.joined(), to: "etc/master.cf")
        guard configuration.isSigning else { return }
        try await MTASigning.writeKey(in: folder)
        // Every sender is signed for by the one domain.
        try folder.write("key \(configuration.domain):\(MTASigning.selector):\(folder.file("dkim.pem"))\n", to: "keys")
        try folder.write("* key\n", to: "signers")
        try folder.write(signer.map { "\($0)\n" }.joined(), to: "opendkim.conf")
    }

    private var settings: [(String, String)] {
        let connections = "\(configuration.connections)"
        let sink = "[\(configuration.sinkHost)]:\(configuration.sinkPort)"
        var settings = [
            ("compatibility_level", "3.6"), ("myhostname", "postfix.load.test"), ("mydestination", ""), ("mynetworks", "127.0.0.0/8"),
            ("inet_interfaces", "127.0.0.1"), ("inet_protocols", "ipv4"), ("queue_directory", folder.file("spool")),
            ("data_directory", folder.file("data")), ("daemon_directory", "\(tools.folder)/usr/lib/postfix/sbin"),
            ("command_directory", "\(tools.folder)/usr/sbin"), ("shlib_directory", "\(tools.folder)/usr/lib/postfix"),
            ("meta_directory", folder.file("etc")), ("mail_owner", "mail"), ("setgid_group", "daemon"), ("default_privs", "nobody"),
            ("import_environment", "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH"),
            ("maillog_file", folder.file("postfix.log")), ("maillog_file_prefixes", folder.path), ("alias_maps", ""), ("alias_database", ""),
            ("local_recipient_maps", ""), ("relay_domains", ""), ("smtpd_recipient_restrictions", "permit_mynetworks, reject"),
            ("smtpd_relay_restrictions", "permit_mynetworks, reject"), ("relayhost", sink), ("disable_dns_lookups", "yes"),
            ("smtp_dns_support_level", "disabled"), ("smtp_host_lookup", "native"), ("smtp_tls_security_level", "none"),
            ("smtpd_tls_security_level", "none"),
            // One site is all there is: as many connections to it as asked for, from the first message on, kept and reused.
            ("default_process_limit", "\(max(100, configuration.connections * 2))"), ("smtp_destination_concurrency_limit", connections),
            ("initial_destination_concurrency", connections), ("smtp_connection_cache_on_demand", "yes"),
            ("smtp_connection_cache_destinations", configuration.sinkHost), ("smtpd_client_connection_count_limit", "0"),
            ("smtpd_client_connection_rate_limit", "0"), ("smtpd_client_message_rate_limit", "0"),
            ("smtpd_client_event_limit_exceptions", "static:all"),
            // Postfix slows its entrance down by this when mail comes in faster than it goes out.
            ("in_flow_delay", "0"), ("message_size_limit", "52428800"), ("maximal_backoff_time", "10s"), ("minimal_backoff_time", "5s"),
            ("queue_run_delay", "5s"), ("delay_logging_resolution_limit", "3"),
        ]
        if configuration.isSigning {
            settings += [("smtpd_milters", "unix:\(Self.signerSocket)"), ("milter_default_action", "tempfail"), ("milter_protocol", "6")]
        }
        return settings
    }

    /// As Debian's, without what serves local mail, and with nothing in a chroot.
    private var services: [String] {
        [
            "127.0.0.1:\(port) inet n - n - - smtpd", "pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify", "flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap",
            "proxywrite unix - - n - 1 proxymap", "smtp unix - - n - - smtp", "relay unix - - n - - smtp", "showq unix n - n - - showq",
            "error unix - - n - - error", "retry unix - - n - - error", "discard unix - - n - - discard", "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache", "postlog unix-dgram n - n - 1 postlogd",
        ]
    }

    private var signer: [String] {
        [
            "Mode s", "KeyTable file:\(folder.file("keys"))", "SigningTable refile:\(folder.file("signers"))",
            "Canonicalization relaxed/relaxed", "SignatureAlgorithm rsa-sha256", "SignHeaders \(MTASigning.signed.joined(separator: ","))",
            "OversignHeaders \(MTASigning.oversigned.joined(separator: ","))", "Socket local:\(Self.signerSocket)", "UMask 0000", "Background no",
            "Syslog no",
            "InternalHosts 127.0.0.1", "MinimumKeyBits 1024",
            // The key lies where a test has its folder, which may be below /tmp.
            "RequireSafeKeys no",
        ]
    }
}
