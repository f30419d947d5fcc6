internal import COpenSSL

// Every form a private key comes and goes in, and its public half as DNS publishes it.
extension DKIMKey {
    /// How long the text or the bytes of a key may be.
    private static let maximumEncodedByteCount = 32_768

    /// Reads DER: PKCS#8 `PrivateKeyInfo`, or PKCS#1 `RSAPrivateKey`.
    ///
    /// - Throws: `DKIMError` with `.unreadableKey` or `.unsupportedKeySize`.
    package convenience init(der: [UInt8]) throws(DKIMError) {
        guard der.count <= Self.maximumEncodedByteCount else {
            throw DKIMError(.unreadableKey, "the key is too long")
        }
        var consumed = 0
        let pointer = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var cursor = buffer.baseAddress
            let pointer = d2i_AutoPrivateKey(nil, &cursor, buffer.count)
            if let base = buffer.baseAddress, let cursor { consumed = cursor - base }
            return pointer
        }
        guard let pointer else {
            ERR_clear_error()
            throw DKIMError(.unreadableKey, "the bytes are no private key in PKCS#8 or PKCS#1 form")
        }
        guard consumed == der.count else {
            EVP_PKEY_free(pointer)
            throw DKIMError(.unreadableKey, "the private key is followed by other bytes")
        }
        try self.init(adopting: pointer)
    }

    /// Reads the base 64 of a key without header lines, as SES takes it for bring-your-own DKIM: PKCS#1 or PKCS#8.
    ///
    /// - Throws: `DKIMError` with `.unreadableKey` or `.unsupportedKeySize`.
    package convenience init(base64: String) throws(DKIMError) {
        guard base64.utf8.count <= Self.maximumEncodedByteCount, var der = Base64.decode(base64.utf8) else {
            throw DKIMError(.unreadableKey, "the key is not base 64")
        }
        defer { Self.erase(&der) }
        try self.init(der: der)
    }

    /// Reads PEM: `PRIVATE KEY` (PKCS#8) or `RSA PRIVATE KEY` (PKCS#1), unencrypted.
    ///
    /// - Throws: `DKIMError` with `.unreadableKey` or `.unsupportedKeySize`.
    package convenience init(pem: String) throws(DKIMError) {
        let text = [UInt8](pem.utf8)
        guard text.count <= Self.maximumEncodedByteCount else {
            throw DKIMError(.unreadableKey, "the key is too long")
        }
        let labels: [(begin: StaticString, end: StaticString)] = [
            ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
            ("-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"),
        ]
        for label in labels {
            guard let begin = Self.range(of: label.begin, in: text, from: 0),
                let end = Self.range(of: label.end, in: text, from: begin.upperBound)
            else { continue }
            guard var der = Base64.decode(text[begin.upperBound..<end.lowerBound]) else {
                throw DKIMError(.unreadableKey, "the PEM text is encrypted or damaged")
            }
            defer { Self.erase(&der) }
            try self.init(der: der)
            return
        }
        throw DKIMError(.unreadableKey, "the text has no PRIVATE KEY or RSA PRIVATE KEY block")
    }

    /// Reads the 32 bytes of an Ed25519 private key (RFC 8032 §5.1.5).
    ///
    /// - Throws: `DKIMError` with `.unreadableKey`.
    package convenience init(ed25519Seed seed: [UInt8]) throws(DKIMError) {
        guard seed.count == 32, let pointer = EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count)
        else {
            throw DKIMError(.unreadableKey, "an Ed25519 private key has 32 bytes")
        }
        try self.init(adopting: pointer)
    }

    /// The private key as PKCS#8 DER: the form to encrypt and keep.
    ///
    /// - Throws: `DKIMError` with `.cryptography`.
    package func pkcs8DER() throws(DKIMError) -> [UInt8] {
        guard let info = EVP_PKEY2PKCS8(pointer) else {
            throw DKIMError(.cryptography, "the key could not be encoded")
        }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        return try Self.encoded { i2d_PKCS8_PRIV_KEY_INFO(info, $0) }
    }

    /// The private key as PKCS#8 PEM, lines of 64 characters.
    package func pkcs8PEM() throws(DKIMError) -> String {
        let text = Base64.encode(try pkcs8DER())
        var output = "-----BEGIN PRIVATE KEY-----\n"
        var start = 0
        while start < text.count {
            let end = min(start + 64, text.count)
            output += String(decoding: text[start..<end], as: UTF8.self)
            output += "\n"
            start = end
        }
        return output + "-----END PRIVATE KEY-----\n"
    }

    /// An RSA private key as the base 64 of PKCS#1 DER on one line: what SES takes for bring-your-own DKIM.
    ///
    /// - Throws: `DKIMError` with `.unreadableKey` for an Ed25519 key, which has no such form.
    package func pkcs1Base64() throws(DKIMError) -> String {
        guard algorithm == .rsaSHA256 else {
            throw DKIMError(.unreadableKey, "only an RSA key has a PKCS#1 form")
        }
        let key = pointer
        return String(decoding: Base64.encode(try Self.encoded { i2d_PrivateKey(key, $0) }), as: UTF8.self)
    }

    /// The public half as the `p=` tag holds it: for RSA the DER of SubjectPublicKeyInfo, for Ed25519 its 32 bytes
    /// (RFC 6376 §3.6.1, RFC 8463 §4.2).
    ///
    /// - Throws: `DKIMError` with `.cryptography`.
    package func publicKey() throws(DKIMError) -> [UInt8] {
        let key = pointer
        if algorithm == .rsaSHA256 { return try Self.encoded { i2d_PUBKEY(key, $0) } }
        var length = 32
        var succeeded = false
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            succeeded = EVP_PKEY_get_raw_public_key(key, buffer.baseAddress, &length) == 1
            count = succeeded ? length : 0
        }
        guard succeeded else { throw DKIMError(.cryptography, "the public key could not be read") }
        return bytes
    }

    /// The text of the TXT record that publishes the public half: `v=DKIM1; k=rsa; p=…`.
    ///
    /// One logical text; DNS carries it as strings of at most 255 bytes.
    package func recordText() throws(DKIMError) -> String {
        "v=DKIM1; k=\(algorithm.keyType); p=\(String(decoding: Base64.encode(try publicKey()), as: UTF8.self))"
    }

    /// Runs an `i2d_` function into memory that it allocates, copies that, and erases it.
    private static func encoded(
        _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>) -> Int32
    ) throws(DKIMError) -> [UInt8] {
        var output: UnsafeMutablePointer<UInt8>?
        let length = encode(&output)
        guard length > 0, let output else {
            ERR_clear_error()
            throw DKIMError(.cryptography, "the key could not be encoded")
        }
        defer { CRYPTO_clear_free(output, Int(length), nil, 0) }
        return [UInt8](UnsafeBufferPointer(start: output, count: Int(length)))
    }

    /// Overwrites bytes of a private key that are no longer needed.
    private static func erase(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    private static func range(of label: StaticString, in text: [UInt8], from start: Int) -> Range<Int>? {
        let length = label.utf8CodeUnitCount
        guard text.count - start >= length else { return nil }
        return label.withUTF8Buffer { wanted in
            for position in start...(text.count - length)
            where text[position..<(position + length)].elementsEqual(wanted) {
                return position..<(position + length)
            }
            return nil
        }
    }
}
