import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// A certificate and its key, for STARTTLS at a sink.
struct SinkCertificate {
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey
    /// The certificate to trust, in PEM.
    let pem: String

    /// Makes a certificate that signs itself, P-256, valid for ten days.
    static func selfSigned(hostname: String) throws -> SinkCertificate {
        let key = P256.Signing.PrivateKey()
        let certificateKey = Certificate.PrivateKey(key)
        let name = try DistinguishedName { CommonName(hostname) }
        let now = Date()
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: certificateKey.publicKey,
            // Clocks differ.
            notValidBefore: now.addingTimeInterval(-86_400),
            notValidAfter: now.addingTimeInterval(10 * 86_400),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                SubjectAlternativeNames([
                    .dnsName(hostname), .dnsName("localhost"),
                    .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                    .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
                ])
            },
            issuerPrivateKey: certificateKey)
        let pem = try certificate.serializeAsPEM().pemString
        return SinkCertificate(
            chain: [try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)],
            key: try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem),
            pem: pem)
    }

    /// Reads PEM files.
    static func read(certificate: String, key: String) throws -> SinkCertificate {
        do {
            let pem = try String(contentsOfFile: certificate, encoding: .utf8)
            return SinkCertificate(
                chain: try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)), key: try NIOSSLPrivateKey(file: key, format: .pem), pem: pem)
        } catch {
            throw MailSinkError(.invalidCertificate, "cannot read the certificate \(certificate) or its key \(key), both in PEM form")
        }
    }

    func serverContext() throws -> NIOSSLContext {
        do {
            return try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
        } catch {
            throw MailSinkError(.invalidCertificate, "certificate and key do not fit together")
        }
    }
}
