package import ApusCore

extension AccessKey {
    /// Makes a new key.
    ///
    /// - Parameter generator: a cryptographic source: 80 bits go into the id, 240 into the secret.
    package static func generate(
        account: AccountID, now: UnixMilliseconds, using generator: inout some RandomNumberGenerator
    ) -> AccessKey {
        AccessKey(
            id: "AKIA" + Self.random(16, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", using: &generator),
            account: account,
            secret: Self.random(40, of: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", using: &generator),
            createdAt: now
        )
    }

    private static func random(_ count: Int, of alphabet: StaticString, using generator: inout some RandomNumberGenerator) -> String {
        let letters = UnsafeBufferPointer(start: alphabet.utf8Start, count: alphabet.utf8CodeUnitCount)
        return String(unsafeUninitializedCapacity: count) { buffer in
            for index in 0..<count { buffer[index] = letters[Int.random(in: 0..<letters.count, using: &generator)] }
            return count
        }
    }
}
