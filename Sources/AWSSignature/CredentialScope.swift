/// Whose key, and for which day, region and service: `AKID/20260115/us-east-1/ses/aws4_request`.
package struct CredentialScope: Hashable, Sendable {
    package let accessKeyID: String
    /// `yyyymmdd`.
    package let day: String
    package let region: String
    package let service: String
    /// `aws4_request` in every valid request.
    package let terminator: String

    package init(accessKeyID: String, day: String, region: String, service: String = "ses", terminator: String = "aws4_request") {
        self.accessKeyID = accessKeyID
        self.day = day
        self.region = region
        self.service = service
        self.terminator = terminator
    }

    /// Reads five parts between slashes; `nil` for anything else. The parts are not judged here.
    init?(_ text: some StringProtocol) {
        let parts = Octets.split(text, at: 0x2F)
        guard parts.count == 5, parts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 128 && $0.utf8.allSatisfy { $0 &- 0x21 < 0x5E } }) else {
            return nil
        }
        self.init(
            accessKeyID: String(parts[0]), day: String(parts[1]), region: String(parts[2]), service: String(parts[3]), terminator: String(parts[4]))
    }

    /// The part that is signed, without the access key id.
    var scope: String { "\(day)/\(region)/\(service)/\(terminator)" }
}
