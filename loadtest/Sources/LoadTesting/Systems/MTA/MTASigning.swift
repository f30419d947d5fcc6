import ChildProcesses
import Glibc

/// DKIM as Apus signs, for servers that are compared with it: the same algorithm, canonicalisation and header fields; the key is another
/// one of the same size.
enum MTASigning {
    static let selector = "load"

    /// As `DKIMHeaderPolicy.deliverability` of MailAuthentication, which is not imported for a list.
    static let signed = [
        "From", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "To", "Cc", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        "Content-ID", "Content-Description", "Content-Disposition", "In-Reply-To", "References", "List-Id", "List-Unsubscribe",
        "List-Unsubscribe-Post", "List-Help", "List-Archive", "List-Owner", "List-Post", "List-Subscribe", "Feedback-ID", "Auto-Submitted",
        "Precedence", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Date", "Resent-Message-ID",
    ]
    static let oversigned = [
        "From", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "To", "Cc", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post",
    ]

    /// Makes a private key of 2048 bits, `dkim.pem`, and gives it to a user.
    static func writeKey(in folder: MTAFolder, owner: uid_t? = nil) async throws(LoadTestError) {
        let file = folder.file("dkim.pem")
        let failure: String
        do {
            // openssl comes with Debian's ca-certificates.
            let result = try await Child.run("/usr/bin/env", ["openssl", "genrsa", "-out", file, "2048"])
            failure = result.end.isSuccess ? "" : result.errors
        } catch {
            failure = "\(error)"
        }
        guard failure.isEmpty else { throw LoadTestError(.unavailable, "openssl makes no key: \(failure)") }
        chmod(file, 0o600)
        if let owner { chown(file, owner, owner) }
    }
}
