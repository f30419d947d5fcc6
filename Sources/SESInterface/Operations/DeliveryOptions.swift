internal import ControlPlane
internal import SESModel

/// The delivery options of a configuration set, as requests give them.
enum DeliveryOptions {
    /// Takes them over: what a request leaves out has its default.
    ///
    /// - Throws: ``SESError``, bad request.
    static func apply(_ input: StructureValue, to set: inout ConfigurationSet, controlPlane: ControlPlane) throws(SESError) {
        let pool = input.string("SendingPoolName")
        if let pool {
            guard !pool.isEmpty else { throw SESError.badRequest("sendingPoolName can't be blank.") }
            guard controlPlane.pool(pool, account: set.account) != nil else {
                throw SESError.badRequest("SendingPool <\(pool)> doesn't exist")
            }
        }
        guard input.string("TlsPolicy") != "REQUIRE" else {
            // Refused rather than half obeyed: lanes know no policy of their messages yet.
            throw SESError.badRequest("TlsPolicy REQUIRE is not supported by this version; the operator can require TLS for all mail.")
        }
        set.sendingPool = pool
        set.tlsPolicy = input.string("TlsPolicy").flatMap(ConfigurationSet.TLSPolicy.init) ?? .optional
        set.maxDeliverySeconds = input.integer("MaxDeliverySeconds").map { Int($0) }
    }
}
