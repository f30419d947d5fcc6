internal import CUnbound

/// A configured libunbound context.
///
/// Owns the `ub_ctx` from `init` to `close()`, which ends libunbound's worker and waits for it.
///
/// Sendable because it is made on the thread that starts the resolver, handed to the resolver's thread once, and used
/// by that alone from then on.
final class UnboundContext: Sendable {
    private nonisolated(unsafe) var context: OpaquePointer?

    /// The descriptor that is readable when answers wait to be processed.
    var descriptor: Int32 { ub_fd(context) }

    /// Makes and configures a context; reads the files that the configuration names.
    ///
    /// - Throws: `DNSError` with `.closed`, naming the setting that was refused.
    init(_ configuration: UnboundResolver.Configuration) throws(DNSError) {
        guard let context = ub_ctx_create() else { throw DNSError(.closed, "libunbound could not be started") }
        self.context = context
        // libunbound would write to standard error, names from the network included.
        ub_ctx_debugout(context, nil)
        // A thread instead of a forked process answers.
        try Self.check(ub_ctx_async(context, 1), "libunbound cannot work in a thread")
        try apply(configuration)
    }

    deinit { close() }

    /// Ends libunbound's worker and frees the context; look-ups under way end without their callback. Nothing may be
    /// called after it but `close()`, which then does nothing.
    func close() {
        ub_ctx_delete(context)
        context = nil
    }

    private func apply(_ configuration: UnboundResolver.Configuration) throws(DNSError) {
        let options: [(String, String)] = [
            ("cache-max-ttl:", "\(configuration.maximumCacheTTL)"),
            ("cache-max-negative-ttl:", "\(configuration.maximumNegativeCacheTTL)"),
            ("msg-cache-size:", "\(configuration.cacheByteCount)"),
            ("rrset-cache-size:", "\(configuration.cacheByteCount * 2)"),
            // The size that passes every path unfragmented (DNS flag day 2020).
            ("edns-buffer-size:", "1232"),
            // A library opens 16 ports and 2 TCP connections by default, which a mail server soon fills.
            ("outgoing-range:", "256"),
            ("outgoing-num-tcp:", "32"),
            ("num-queries-per-thread:", "2048"),
            // A forwarder that was away for a moment is asked again within a minute, not a quarter of an hour.
            ("infra-keep-probing:", "yes"),
            ("infra-host-ttl:", "60"),
            // Local resolvers and test servers are on the loopback.
            ("do-not-query-localhost:", "no"),
        ]
        for (name, value) in options {
            try Self.check(ub_ctx_set_option(context, name, value), "libunbound refused an option of the cache or network")
        }
        switch configuration.upstream {
        case .system(let path):
            try Self.check(ub_ctx_resolvconf(context, path), "the resolv.conf file could not be read")
        case .servers(let servers):
            for server in servers {
                try Self.check(ub_ctx_set_fwd(context, server), "a DNS server is not of the form HOST or HOST@PORT")
            }
        case .recursion:
            break
        }
        switch configuration.validation {
        case .off:
            try Self.check(ub_ctx_set_option(context, "module-config:", "iterator"), "validation could not be switched off")
        case .rootKeys:
            for anchor in Self.rootKeys { try Self.check(ub_ctx_add_ta(context, anchor), "a trust anchor was refused") }
        case .anchors(let anchors):
            for anchor in anchors { try Self.check(ub_ctx_add_ta(context, anchor), "a trust anchor was refused") }
        case .anchorFile(let path):
            try Self.check(ub_ctx_add_ta_file(context, path), "the trust anchor file could not be read")
        }
        for domain in configuration.insecureDomains {
            try Self.check(
                ub_ctx_set_option(context, "domain-insecure:", domain), "an insecure domain is no domain name")
        }
        // libunbound answers for test. itself by default; private zones are commonly below it. This also reads what
        // was configured, so that a bad anchor shows now and not at the first look-up.
        try Self.check(ub_ctx_zone_remove(context, "test."), "the resolver's configuration cannot be used")
    }

    /// Starts a look-up.
    ///
    /// - Parameters:
    ///   - data: given to `callback`, which runs inside `process()`.
    /// - Returns: the look-up's number, for `cancel`, or libunbound's error.
    func start(
        name: String, type: UInt16, data: UnsafeMutableRawPointer, callback: @escaping ub_callback_type
    ) -> Result<Int32, UnboundStatus> {
        var identifier: Int32 = 0
        let status = ub_resolve_async(context, name, Int32(type), 1, data, callback, &identifier)
        return status == 0 ? .success(identifier) : .failure(UnboundStatus(rawValue: status))
    }

    /// Ends a look-up; its callback is not called.
    func cancel(_ identifier: Int32) {
        ub_cancel(context, identifier)
    }

    /// Calls the callbacks of what was answered; false when libunbound's worker is lost.
    func process() -> Bool { ub_process(context) == 0 }

    private static func check(_ status: Int32, _ message: String) throws(DNSError) {
        guard status == 0 else { throw DNSError(.closed, message) }
    }

    /// The root's key signing keys: KSK-2017 and KSK-2024 (IANA, root-anchors.xml).
    private static let rootKeys = [
        ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
        ". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
    ]
}
