import ApusCore
import Backends

/// The topics and their numbers, in one small file:
///
/// ```
/// u32 CRC-32C of what follows · u32 count · for each: u32 number, name, u32 partitions,
/// u8 0 group | u8 1 i64 age in milliseconds, i64 bytes
/// ```
struct TopicCatalog: Sendable {
    static let fileName = "topics"

    struct Topic: Sendable, Hashable {
        /// What frames call it; never given again.
        var number: UInt32
        var definition: TopicDefinition
    }

    var topics: [Topic] = []

    /// Reads the catalogue, empty where there is none.
    static func load(from folder: BusFolder) throws -> TopicCatalog {
        guard let bytes = try folder.readSmallFile(self.fileName) else { return TopicCatalog() }
        let catalog = bytes.withUnsafeBytes { Self(decoding: $0) }
        guard let catalog else {
            throw BusError(.corrupt, "\(folder.file(self.fileName)) is damaged; restore it, or the whole folder, from a copy")
        }
        return catalog
    }

    func save(to folder: BusFolder) throws {
        try folder.replace(Self.fileName, with: self.encoded())
    }

    func encoded() -> [UInt8] {
        var encoder = ByteEncoder()
        encoder.append(UInt32(self.topics.count))
        for topic in self.topics {
            encoder.append(topic.number)
            encoder.append(topic.definition.name)
            encoder.append(UInt32(topic.definition.partitions))
            switch topic.definition.retention {
            case .untilConsumed(let group):
                encoder.append(UInt8(0))
                encoder.append(group)
            case .bounded(let age, let bytes):
                encoder.append(UInt8(1))
                encoder.append(age.milliseconds)
                encoder.append(bytes)
            }
        }
        var file = ByteEncoder()
        file.append(CRC32C.checksum(encoder.bytes))
        return file.bytes + encoder.bytes
    }

    init() {}

    /// nil when the bytes are damaged.
    init?(decoding bytes: UnsafeRawBufferPointer) {
        var decoder = ByteDecoder(bytes)
        guard let checksum = decoder.next(UInt32.self),
            checksum == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[4...])), let count = decoder.next(UInt32.self)
        else { return nil }
        for _ in 0..<count {
            guard let number = decoder.next(UInt32.self), let name = decoder.nextText(), let partitions = decoder.next(UInt32.self),
                let kind = decoder.next(UInt8.self)
            else { return nil }
            let retention: TopicDefinition.Retention
            switch kind {
            case 0:
                guard let group = decoder.nextText() else { return nil }
                retention = .untilConsumed(group: group)
            case 1:
                guard let age = decoder.next(Int64.self), let size = decoder.next(Int64.self) else { return nil }
                retention = .bounded(age: .milliseconds(age), bytes: size)
            default:
                return nil
            }
            self.topics.append(
                Topic(number: number, definition: TopicDefinition(name: name, partitions: Int(partitions), retention: retention)))
        }
        guard decoder.isAtEnd else { return nil }
    }
}
