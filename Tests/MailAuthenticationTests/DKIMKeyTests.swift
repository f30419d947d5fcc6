import MailAuthentication
import Testing

@Suite("DKIM keys")
struct DKIMKeyTests {
    @Test("an RSA key survives every form it is written in")
    func rsaForms() throws {
        let key = try DKIMKey.generateRSA()
        #expect(key.bitCount == 2048)
        let record = try key.recordText()
        #expect(record.hasPrefix("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"))
        let data = Array("data".utf8)
        let signature = try key.signature(of: data.span)
        #expect(signature.count == 256)
        for copy in [
            try DKIMKey(der: key.pkcs8DER()), try DKIMKey(pem: key.pkcs8PEM()), try DKIMKey(base64: key.pkcs1Base64()),
        ] {
            #expect(try copy.recordText() == record)
            #expect(try copy.signature(of: data.span) == signature)
        }
    }

    @Test("an Ed25519 key survives PKCS#8 and has no PKCS#1")
    func ed25519Forms() throws {
        let key = try DKIMKey.generateEd25519()
        let copy = try DKIMKey(der: key.pkcs8DER())
        #expect(try copy.recordText() == key.recordText())
        #expect(key.algorithm == .ed25519SHA256)
        #expect(throws: DKIMError.self) { try key.pkcs1Base64() }
    }

    @Test("the PKCS#1 form of SES is read with and without line breaks, and is the published key")
    func bringYourOwn() throws {
        let lines = DKIMVectors.rfc6376PrivateKey.split(separator: "\n").dropFirst().dropLast()
        let key = try DKIMKey(base64: lines.joined())
        #expect(try DKIMKey(base64: lines.joined(separator: "\r\n ")).recordText() == key.recordText())
        #expect(key.bitCount == 1024)
        #expect(try key.pkcs1Base64() == lines.joined())
    }

    static let unreadable: [String] = [
        "", "AAAA", "not base 64!", "MIICXwIBAAKBgQDwIRP",
        // A public key, an EC private key of P-256, and a DER that says it is longer than it is.
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4j",
        "MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q0EKTW2A5CqeqKCUYMMBmJ2/0XqzYQXsc9g==",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ",
    ]

    @Test("what is no RSA or Ed25519 private key is refused", arguments: unreadable)
    func refused(text: String) {
        #expect { try DKIMKey(base64: text) } throws: { ($0 as? DKIMError)?.code == .unreadableKey }
        #expect { try DKIMKey(pem: "-----BEGIN PRIVATE KEY-----\n\(text)\n-----END PRIVATE KEY-----") } throws: {
            ($0 as? DKIMError)?.code == .unreadableKey
        }
    }

    @Test("a key followed by other bytes is refused, whatever is cut off is too")
    func damaged() throws {
        let der = try DKIMKey.generateRSA(bits: 1024).pkcs8DER()
        #expect(throws: DKIMError.self) { try DKIMKey(der: der + [0]) }
        for length in 0..<der.count { #expect(throws: DKIMError.self) { try DKIMKey(der: Array(der[..<length])) } }
        #expect(throws: DKIMError.self) { try DKIMKey(der: [UInt8](repeating: 0x30, count: 40_000)) }
    }

    @Test("sizes outside of what mail uses are not generated")
    func sizes() {
        for bits in [0, 512, 1023, 4097, 16_384] {
            #expect { try DKIMKey.generateRSA(bits: bits) } throws: { ($0 as? DKIMError)?.code == .unsupportedKeySize }
        }
    }

    @Test("neither description nor dump shows anything of the key")
    func description() throws {
        let key = try DKIMKey(pem: DKIMVectors.rfc6376PrivateKey)
        #expect("\(key)" == "rsa key of 1024 bits")
        #expect(String(reflecting: key) == "rsa key of 1024 bits")
        var dumped = ""
        dump(key, to: &dumped)
        #expect(!dumped.contains("MII") && dumped.utf8.count < 400)
    }
}
