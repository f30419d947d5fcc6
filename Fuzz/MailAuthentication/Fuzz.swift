import FuzzDriver
import MailAuthentication

/// Reads any bytes as a message: verifies its signatures, signs it, and checks that what was signed verifies.
private func fuzzMailAuthentication(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let message = Array(UnsafeBufferPointer(start: start, count: count))
    _ = try? DKIMSignature(field: message)
    for form in DKIMCanonicalization.allCases { checkSplits(of: message, form: form) }
    guard let key = FuzzKey.key, let signer = try? DKIMSigner(domain: "example.com", selector: "s", key: key),
        let field = try? signer.signatureField(for: message.span, at: 1_000)
    else { return 0 }
    guard let signature = try? DKIMSignature(field: field) else { fatalError("our own signature cannot be read") }
    let unsigned = DKIMSignature.withoutSignature(field)
    let data = try? DKIMSignedData.bytes(
        message: (field + message).span, names: signature.headerNames, signatureField: unsigned.span,
        excluded: 0..<field.count, canonicalization: .relaxed)
    guard let data, let again = try? key.signature(of: data.span), again == signature.signature else {
        fatalError("a message reads differently once it is signed")
    }
    return 0
}

/// The body hash must not depend on how the body is split.
private func checkSplits(of body: [UInt8], form: DKIMCanonicalization) {
    guard var whole = try? DKIMBodyHash(form), var split = try? DKIMBodyHash(form) else { return }
    whole.update(body.span)
    let middle = body.count / 2
    split.update(body.span.extracting(0..<middle))
    split.update(body.span.extracting(middle..<body.count))
    guard let left = try? whole.finalize(), let right = try? split.finalize(), left == right else {
        fatalError("a split changes the body hash")
    }
}

private enum FuzzKey {
    static let key = try? DKIMKey(ed25519Seed: [UInt8](0..<32))
}

@main
enum Fuzzer {
    static func main() {
        FuzzDriver.run { fuzzMailAuthentication($0, $1) }
    }
}
