internal import AWSSignature
internal import ControlPlane
internal import SESModel

/// Verifies requests' signatures against the access keys, as much as can be before the body, the rest after it.
struct Authenticator: Sendable {
    /// A claim whose key is known.
    struct Pending {
        let claim: SignatureClaim
        let key: AWSSignature.SigningKey
        let accessKey: AccessKey
        let account: Account
    }

    private let controlPlane: ControlPlane
    private let verifier: SigV4Verifier
    private let cache: SigningKeyCache
    /// Stands for the secret of keys that do not exist, so that they cost what others cost.
    private let decoy: String

    init(controlPlane: ControlPlane, region: String) {
        self.controlPlane = controlPlane
        self.verifier = SigV4Verifier(.init(regions: [region]))
        self.cache = SigningKeyCache()
        self.decoy = RequestID.make()
    }

    /// Checks form, scope, time, signed headers and access key, and the signature itself where the client declared the body's hash.
    ///
    /// - Throws: ``SESError``.
    func begin(_ request: SignableRequest, nowUnixSeconds: Int64) throws(SESError) -> Pending {
        do throws(SignatureError) {
            let claim = try self.verifier.claim(in: request, nowUnixSeconds: nowUnixSeconds)
            guard let accessKey = self.controlPlane.accessKey(id: claim.scope.accessKeyID), accessKey.isActive,
                let account = self.controlPlane.account(accessKey.account)
            else {
                // Not through the cache, which callers without a key could otherwise fill.
                let scope = claim.scope
                let key = SigningKey(secret: self.decoy, day: scope.day, region: scope.region, service: scope.service)
                try? self.verifier.verify(claim, key: key, bodyHash: [UInt8](repeating: 0, count: 32))
                throw .unknownAccessKey
            }
            let key = self.cache.key(for: claim.scope, secret: accessKey.secret)
            _ = try self.verifier.verifyHead(claim, key: key)
            return Pending(claim: claim, key: key, accessKey: accessKey, account: account)
        } catch {
            throw Self.answer(error)
        }
    }

    /// Verifies the signature over the whole request.
    ///
    /// - Throws: ``SESError``.
    func finish(_ pending: Pending, bodyHash: [UInt8]) throws(SESError) {
        do throws(SignatureError) {
            try self.verifier.verify(pending.claim, key: pending.key, bodyHash: bodyHash)
        } catch {
            throw Self.answer(error)
        }
    }

    private static func answer(_ error: SignatureError) -> SESError {
        SESError(SESError.Kind(rawValue: error.restType) ?? .accessDenied, error.message)
    }
}
