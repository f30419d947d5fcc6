import ChildProcesses

/// A certificate for 127.0.0.1 that signs itself, and its key, as files. Made anew each time: one that lies about has its dates.
package struct ServerCertificate: Sendable {
    /// PEM file of the certificate.
    package let file: String
    /// PEM file of the private key.
    package let keyFile: String

    /// Makes one with `openssl`, which comes with Debian's ca-certificates.
    ///
    /// - Throws: ``ChildFailure``.
    package static func make(in folder: ScratchFolder, name: String = "server") async throws -> ServerCertificate {
        let certificate = ServerCertificate(file: folder.file("\(name).cert.pem"), keyFile: folder.file("\(name).key.pem"))
        let result = try await Child.run(
            "/usr/bin/env",
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                "-keyout", certificate.keyFile, "-out", certificate.file,
            ])
        guard result.end.isSuccess else { throw ChildFailure("openssl makes no certificate (is it installed?): \(result.errors)") }
        return certificate
    }
}
