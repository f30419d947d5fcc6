import FuzzDriver
import NIOCore
import RedisClient

/// The first octet chooses what is tried, the second the size of the pieces that the rest arrives in.
///
/// Besides not trapping, it must not matter how the octets are split, no reply breaks the limits, and a command reads back as what it was
/// made of.
private func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 2 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
    let step = max(1, Int(start[1]))
    if start[0].isMultiple(of: 4) {
        command(bytes, step: step)
    } else {
        precondition(replies(bytes, step: step) == replies(bytes, step: bytes.count))
    }
    return 0
}

private let limits = RESPLimits(lineBytes: 200, bulkBytes: 300, replyBytes: 2000, values: 50, depth: 4)

private func replies(_ bytes: [UInt8], step: Int) -> [RESPValue?] {
    var decoder = RESPDecoder(limits: limits)
    var buffer = ByteBuffer()
    var found: [RESPValue?] = []
    for start in stride(from: 0, to: bytes.count, by: step) {
        buffer.writeBytes(bytes[start..<min(start + step, bytes.count)])
        do {
            while let reply = try decoder.next(&buffer) {
                precondition(size(reply, depth: 0) <= limits.values + 1)
                found.append(reply)
            }
        } catch {
            found.append(nil)
            return found
        }
    }
    return found
}

private func size(_ value: RESPValue, depth: Int) -> Int {
    precondition(depth <= limits.depth)
    switch value {
    case .array(let values): return values.reduce(1) { $0 + size($1, depth: depth + 1) }
    case .bulk(let bytes):
        precondition(bytes.readableBytes <= limits.bulkBytes)
        return 1
    default: return 1
    }
}

private func command(_ bytes: [UInt8], step: Int) {
    let parts = stride(from: 0, to: bytes.count, by: step).map { Array(bytes[$0..<min($0 + step, bytes.count)]) }
    var buffer = RedisCommand(parts.map { .bytes($0) }).bytes
    var decoder = RESPDecoder()
    let back = try? decoder.next(&buffer)
    precondition(buffer.readableBytes == 0 && back?.array?.map(\.bytes) == parts)
}

@main
enum Fuzzer {
    static func main() {
        FuzzDriver.run { fuzz($0, $1) }
    }
}
