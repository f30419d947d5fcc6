import ChildProcesses
import FoundationEssentials
import Synchronization

/// OpenSMTPD of Debian, with filter-dkimsign where messages are signed.
///
/// Users, queue, control socket and the empty folder that it confines itself to are compiled in, so it runs in a mount namespace whose `/var`
/// is a folder of this test.
package final class OpenSMTPDSystem: MTASystem {
    package let configuration: MTAConfiguration
    package let port: Int
    package let processes = MTAProcesses()

    private static let users = [MTANamespace.User(name: "opensmtpd", number: 60_602), MTANamespace.User(name: "opensmtpq", number: 60_603)]
    private static let filter = "usr/libexec/opensmtpd/filter-dkimsign"
    private static let program = "usr/sbin/smtpd"
    /// A script, as the namespace sees it: a path with a space in it could not be said in the settings.
    private static let signer = "/var/run/sign"
    private let tools: MTATools
    private let folder: MTAFolder
    private let command: [String]
    /// Whether the queue's file system writes each change through.
    private let isSynchronous: Bool

    /// Writes its settings; nothing is started yet.
    package init(_ configuration: MTAConfiguration) async throws {
        self.configuration = configuration
        let tools = Self.tools(in: configuration.tools)
        let folder = try MTAFolder(configuration.folder)
        (self.tools, self.folder) = (tools, folder)
        port = try FreePort.find()
        for name in ["var/lib/opensmtpd/empty", "var/run", "var/mail", "var/tmp"] { try folder.makeFolder(name) }
        try folder.makeFolder("var/spool/smtpd", mode: 0o711)
        isSynchronous = await Self.makeSynchronous(folder.file("var/spool/smtpd"))
        if configuration.isSigning {
            try await MTASigning.writeKey(in: folder, owner: Self.users[0].number)
            let sign = [
                "\(tools.folder)/\(Self.filter)", "-a", "rsa-sha256", "-c", "relaxed/relaxed", "-d", configuration.domain, "-s", MTASigning.selector,
                "-k", folder.file("dkim.pem"), "-h", MTASigning.signed.joined(separator: ":"),
            ]
            try folder.write(
                "#!/bin/sh\nexec \(sign.map(MTAFolder.quoted).joined(separator: " "))\n", to: String(Self.signer.dropFirst()), mode: 0o755)
        }
        // What lies below /var is to stay where it is.
        let kept = [folder.path, tools.folder].filter { $0.hasPrefix("/var/") }.flatMap { path in
            let place = MTAFolder.quoted(folder.file("var\(path.dropFirst(4))"))
            return ["mkdir -p \(place)", "mount --bind \(MTAFolder.quoted(path)) \(place)"]
        }
        command = try MTANamespace(folder: folder, users: Self.users).write(
            mounts: kept + ["mount --rbind \(MTAFolder.quoted(folder.file("var"))) /var"],
            server: ["\(tools.folder)/\(Self.program)", "-d", "-f", folder.file("smtpd.conf")], log: folder.file("smtpd.log"),
            stop: "kill -TERM \"$server\"")
        try folder.write(settings.map { "\($0)\n" }.joined(), to: "smtpd.conf", mode: 0o600)
    }

    /// Why it cannot run here; nil when it can.
    package static func unavailable(tools: String) async -> String? {
        await Self.tools(in: tools).unavailable(programs: [Self.program, Self.filter], needsNamespaces: true)
    }

    private static func tools(in folder: String) -> MTATools { MTATools("opensmtpd", in: folder) }

    /// OpenSMTPD never asks for a sync. On ext4 and XFS a folder can be told to write each change through (chattr(1), attribute S), and what is
    /// made in it inherits that.
    private static func makeSynchronous(_ folder: String) async -> Bool {
        let probe = "\(folder)/probe"
        guard let change = try? await Child.run("/usr/bin/chattr", ["+S", folder]), change.end.isSuccess,
            (try? FileManager.default.createDirectory(atPath: probe, withIntermediateDirectories: true)) != nil
        else { return false }
        let list = try? await Child.run("/usr/bin/lsattr", ["-d", probe])
        try? FileManager.default.removeItem(atPath: probe)
        return list?.end.isSuccess == true && list?.output.split(separator: " ").first?.contains("S") == true
    }

    package var description: MailSystemDescription {
        let signer = configuration.isSigning ? ", filter-dkimsign \(tools.version(of: "opensmtpd-filter-dkimsign"))" : ""
        return MailSystemDescription(
            name: configuration.isSigning ? "OpenSMTPD + dkimsign" : "OpenSMTPD", version: tools.version(of: "opensmtpd") + signer,
            entrance: "SMTP on loopback, no TLS, no authentication",
            durability: isSynchronous
                ? "it never syncs; its queue lies in a folder whose file system writes every change through (chattr +S), so a 250 leaves after that"
                : "none: it never syncs, and this file system cannot be told to write through (chattr +S): a 250 says nothing of the disk",
            signing: configuration.signing,
            notes: [
                "\(configuration.connections) SMTP connections at most, kept and reused, opened without its delays",
                "tries again after 400 seconds, then later and later, which no setting changes",
            ])
    }

    package func start() async throws {
        try await processes.start(
            MTAProcesses.Command(
                name: "OpenSMTPD", program: command[0], arguments: Array(command.dropFirst()), environment: tools.environment, isNamespaced: true,
                port: port))
    }

    package func queueDepth() async throws -> Int? {
        // A folder for each message.
        folder.count(below: "var/spool/smtpd/queue", levels: 2...2)
    }

    private var settings: [String] {
        let connections = configuration.connections
        return [
            "smtp max-message-size 50M", "smtp limit max-mails 1000000", "smtp limit max-rcpt 1000", "queue ttl 4d",
            // One site is all there is: as many connections to it as asked for, at once, kept and reused.
            "mta limit "
                + ["host", "route", "source", "connector", "relay", "domain"].map { "max-conn-per-\($0) \(connections)" }.joined(separator: " "),
            "mta limit " + ["host", "route", "source", "connector", "relay", "domain"].map { "conn-delay-\($0) 0" }.joined(separator: " "),
            "mta limit reconn-delay-route 0 session-mail-max 100000 session-transaction-delay 0 task-hiwat 5000 task-lowat 1000 task-release 1000",
            "scheduler limit max-inflight 20000 max-evp-batch-size 1024 max-msg-batch-size 4096 max-schedule 10000",
        ] + (configuration.isSigning ? ["filter sign proc-exec \"\(Self.signer)\" user opensmtpd group opensmtpd"] : []) + [
            "listen on 127.0.0.1 port \(port) hostname opensmtpd.load.test\(configuration.isSigning ? " filter sign" : "")",
            "action \"sink\" relay host smtp://\(configuration.sinkHost):\(configuration.sinkPort) helo opensmtpd.load.test",
            "match from any for any action \"sink\"",
        ]
    }
}
