/// The addresses in HTML that a mail program would load or a reader could follow. One pass over the octets; hostile input costs no more than its length.
package struct HTMLLinks: Sendable, Hashable {
    /// Addresses of each sort at most.
    package static let maximumCount = 200
    /// Octets of an address at most.
    package static let maximumLength = 8_192

    /// `src` of `img`, in order.
    package private(set) var images: [String] = []
    /// `href` of `a`, in order.
    package private(set) var links: [String] = []

    package init() {}

    package init(_ html: [UInt8]) {
        html.withUnsafeBufferPointer { read($0) }
    }

    /// Adds those of another part, within the bound.
    package mutating func add(_ other: HTMLLinks) {
        images.append(contentsOf: other.images.prefix(Self.maximumCount - images.count))
        links.append(contentsOf: other.links.prefix(Self.maximumCount - links.count))
    }

    private mutating func read(_ html: UnsafeBufferPointer<UInt8>) {
        var position = 0
        while let open = Self.find(0x3C, in: html, from: position) {
            position = open + 1
            guard position < html.count else { return }
            switch html[position] {
            case 0x21 where Self.starts(html, at: position, with: "!--"):
                guard let end = Self.find("-->", in: html, from: position + 3) else { return }
                position = end + 3
            case 0x21, 0x2F, 0x3F: position = (Self.find(0x3E, in: html, from: position) ?? html.count - 1) + 1
            case let byte where Self.isLetter(byte): position = readTag(html, at: position)
            default: break
            }
        }
    }

    /// - Returns: where reading goes on.
    private mutating func readTag(_ html: UnsafeBufferPointer<UInt8>, at start: Int) -> Int {
        var position = start
        while position < html.count, !Self.isSpace(html[position]), html[position] != 0x2F, html[position] != 0x3E { position += 1 }
        let name = start..<position
        let isImage = Self.equals(html, name, "img")
        let isLink = !isImage && Self.equals(html, name, "a")
        var address: Range<Int>?
        while position < html.count, html[position] != 0x3E {
            guard let attribute = Self.attribute(html, at: &position) else { continue }
            if address == nil, (isImage && Self.equals(html, attribute.name, "src")) || (isLink && Self.equals(html, attribute.name, "href")) {
                address = attribute.value
            }
        }
        // A tag without an end is none.
        guard position < html.count else { return html.count }
        position += 1
        if let address, let url = Self.url(html, address) {
            if isImage, images.count < Self.maximumCount { images.append(url) }
            if isLink, links.count < Self.maximumCount { links.append(url) }
        }
        for raw: StaticString in ["script", "style", "textarea", "title", "xmp"] where Self.equals(html, name, raw) {
            return Self.findEnd(of: raw, in: html, from: position)
        }
        return position
    }

    /// The next attribute; nil where a separator was skipped.
    private static func attribute(_ html: UnsafeBufferPointer<UInt8>, at position: inout Int) -> (name: Range<Int>, value: Range<Int>)? {
        if isSpace(html[position]) || html[position] == 0x2F {
            position += 1
            return nil
        }
        let start = position
        // An equals sign at the start belongs to the name.
        position += 1
        while position < html.count, !isSpace(html[position]), html[position] != 0x2F, html[position] != 0x3E, html[position] != 0x3D {
            position += 1
        }
        let name = start..<position
        skipSpace(html, &position)
        guard position < html.count, html[position] == 0x3D else { return (name, position..<position) }
        position += 1
        skipSpace(html, &position)
        guard position < html.count else { return nil }
        let quote = html[position]
        if quote == 0x22 || quote == 0x27 {
            let first = position + 1
            let end = find(quote, in: html, from: first) ?? html.count
            position = min(end + 1, html.count)
            return (name, first..<end)
        }
        let first = position
        while position < html.count, !isSpace(html[position]), html[position] != 0x3E { position += 1 }
        return (name, first..<position)
    }

    /// An address of HTTP with its character references resolved, as a browser would take it; nil for others.
    private static func url(_ html: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> String? {
        guard range.count <= maximumLength * 2 else { return nil }
        var bytes = CharacterReferences.resolved(html[range])
        while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        bytes.removeAll { $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        guard bytes.count <= maximumLength, !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
        let prefix: StaticString = bytes.count > 4 && bytes[4] | 0x20 == 0x73 ? "https://" : "http://"
        let length = prefix.utf8CodeUnitCount
        guard bytes.count > length else { return nil }
        for offset in 0..<length where bytes[offset] != prefix.utf8Start[offset] && bytes[offset] | 0x20 != prefix.utf8Start[offset] { return nil }
        guard bytes[length] != 0x2F, bytes[length] != 0x3F, bytes[length] != 0x23 else { return nil }
        return String(decoding: bytes.flatMap { $0 == 0x20 ? Array("%20".utf8) : [$0] }, as: UTF8.self)
    }

    // MARK: - Octets

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) && byte != 0x0B }
    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    private static func skipSpace(_ html: UnsafeBufferPointer<UInt8>, _ position: inout Int) {
        while position < html.count, isSpace(html[position]) { position += 1 }
    }

    private static func find(_ byte: UInt8, in html: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        start < html.count ? html[start...].firstIndex(of: byte) : nil
    }

    private static func find(_ text: StaticString, in html: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var position = start
        while position + text.utf8CodeUnitCount <= html.count {
            if starts(html, at: position, with: text) { return position }
            position += 1
        }
        return nil
    }

    /// Where an element that holds no tags ends: behind nothing but its own end tag's beginning.
    private static func findEnd(of name: StaticString, in html: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var position = start
        while let open = find(0x3C, in: html, from: position) {
            position = open + 1
            if position < html.count, html[position] == 0x2F, starts(html, at: position + 1, with: name) { return open }
        }
        return html.count
    }

    private static func starts(_ html: UnsafeBufferPointer<UInt8>, at position: Int, with text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard position + length <= html.count else { return false }
        for offset in 0..<length {
            let byte = html[position + offset]
            guard (isLetter(byte) ? byte | 0x20 : byte) == text.utf8Start[offset] else { return false }
        }
        return true
    }

    private static func equals(_ html: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
        range.count == text.utf8CodeUnitCount && starts(html, at: range.lowerBound, with: text)
    }
}
