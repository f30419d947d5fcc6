/// One setting: its name, what it takes, its default, and what it is for. The reference page is made from the table of these.
struct SettingKey: Hashable, Sendable {
    /// What a setting's text must be.
    enum Kind: Hashable, Sendable {
        case text
        case secret
        case flag
        /// A whole number in a range.
        case integer(ClosedRange<Int>)
        case decimal(ClosedRange<Double>)
        /// A number with a unit: `250ms`, `30s`, `5m`, `4h`, `2d`.
        case duration(ClosedRange<Duration>)
        /// A number of bytes, with an optional `KB`, `MB` or `GB` (powers of 1024).
        case bytes(ClosedRange<Int>)
        /// One of these words.
        case choice([String])
        /// Several texts: a JSON array in the file, comma-separated elsewhere.
        case list
        /// Several durations.
        case durations(ClosedRange<Duration>)
    }

    /// The dotted name, such as `delivery.timeouts.finalDot`.
    let name: String
    let kind: Kind
    /// The default as it would be written; nil where there is none.
    let defaultValue: String?
    /// One sentence for the reference page.
    let summary: String

    /// The environment variable: `delivery.timeouts.finalDot` is `APUS_DELIVERY_TIMEOUTS_FINAL_DOT`.
    var environmentName: String {
        var name = "APUS_"
        for character in self.name.utf8 {
            switch character {
            case UInt8(ascii: "."):
                name += "_"
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                name += "_" + String(UnicodeScalar(character))
            default:
                name += String(UnicodeScalar(character)).uppercased()
            }
        }
        return name
    }

    /// What the reference page says of the kind.
    var kindText: String {
        switch self.kind {
        case .text: "text"
        case .secret: "secret"
        case .flag: "true or false"
        case .integer(let range): "number, \(range.lowerBound) to \(range.upperBound)"
        case .decimal(let range): "number, \(range.lowerBound) to \(range.upperBound)"
        case .duration(let range): "duration, \(range.lowerBound.settingText) to \(range.upperBound.settingText)"
        case .bytes(let range): "bytes, \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): words.joined(separator: " or ")
        case .list: "list of texts"
        case .durations(let range): "list of durations, each \(range.lowerBound.settingText) to \(range.upperBound.settingText)"
        }
    }
}
