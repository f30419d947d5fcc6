import FuzzDriver
import MailMessage

/// Feeds every reader of this target with the same octets, so that corpora are plain messages and field values.
private func fuzzMailMessage(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    _ = try? EmailAddress(bytes: bytes, allowingAddressLiteral: true)
    if let list = try? AddressList(bytes: bytes, allowingAddressLiteral: true) {
        for mailbox in list.mailboxes { _ = try? mailbox.headerBytes() }
    }
    let encoded = EncodedWord.encode(text)
    precondition(EncodedWord.decode(encoded) == text)
    _ = EncodedWord.decode(bytes)
    _ = InternetDate.parseRFC5322(bytes)
    _ = InternetDate.parseISO8601(text)
    _ = InternetDate.parseISO8601Basic(text)
    _ = ContentType(fieldValue: bytes)
    _ = ContentDisposition(fieldValue: bytes)
    if let decoded = try? Base64.decode(bytes) { precondition(Base64.encode(decoded) == bytes) }
    _ = Base64.decodeLenient(bytes[...])
    _ = QuotedPrintable.decode(bytes[...])
    precondition(QuotedPrintable.decode(QuotedPrintable.encode(bytes)[...]) == bytes)
    guard let message = try? RawMessage(bytes) else { return 0 }
    _ = SingleInstanceHeaders.firstDuplicate(in: message.header)
    _ = try? message.applying([.remove("Bcc"), .removePrefixed("X-SES-"), .replace(name: "Date", value: [0x78])])
    guard let structure = try? MIMEStructure(message) else { return 0 }
    for part in structure.parts {
        _ = part.decodedBody()
        _ = part.fileName
    }
    _ = EICARTestFile.isContained(in: structure)
    return 0
}

@main
enum Fuzzer {
    static func main() {
        FuzzDriver.run { fuzzMailMessage($0, $1) }
    }
}
