import Foundation
import NIOSSL
import RedisClient

extension RedisConfiguration {
    /// Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS.
    ///
    /// - Parameters:
    ///   - url: the text; name and password percent-encoded.
    ///   - authorities: PEM file of who is trusted to certify the server; nil for the system's.
    /// - Returns: nil for anything else.
    init?(url: String, authorities: String?) {
        guard let parts = URLComponents(string: url), parts.scheme == "redis" || parts.scheme == "rediss", var host = parts.host, !host.isEmpty,
            parts.query == nil, parts.fragment == nil
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(host: host, port: parts.port ?? 6379)
        let path = parts.path.drop { $0 == "/" }
        if !path.isEmpty {
            guard let database = Int(path), database >= 0 else { return nil }
            self.database = database
        }
        if let password = parts.password {
            let user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
            self.credentials = RedisCredentials(user: user, password: password)
        } else if parts.user != nil {
            return nil
        }
        if parts.scheme == "rediss" {
            var tls = TLSConfiguration.makeClientConfiguration()
            if let authorities { tls.trustRoots = .file(authorities) }
            self.tls = tls
        }
    }
}
