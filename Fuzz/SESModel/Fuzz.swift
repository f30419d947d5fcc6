import FuzzDriver
import SESModel

private let router = Router(SESv2.operations)

/// The input's first line is `METHOD path?query`, the rest the body. What decodes must be written back without a trap, and what is
/// written must be JSON.
private func fuzzRequest(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: data, count: count)
    let lineEnd = input.firstIndex(of: 0x0A) ?? count
    let line = String(decoding: input[..<lineEnd], as: UTF8.self)
    let body = Array(input[min(lineEnd + 1, count)...])
    let parts = line.split(separator: " ", maxSplits: 1)
    let target = parts.count > 1 ? parts[1] : ""
    let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    for operation in SESv2.operations where operation.method == .post {
        if let match = router.route(method: "POST", path: operation.path[...]) { check(match, query: "", body: body) }
    }
    if let method = parts.first, let path = halves.first, let match = router.route(method: String(method), path: path) {
        check(match, query: halves.count > 1 ? halves[1] : "", body: body)
    }
    return 0
}

private func check(_ match: RouteMatch, query: Substring, body: [UInt8]) {
    guard let value = try? RequestDecoder.decode(match, query: query, body: body, limits: JSONLimits(depth: 16, elements: 1000)) else { return }
    var reader = JSONReader(ResponseEncoder.encode(value))
    do {
        try reader.skipValue()
        try reader.expectEnd()
    } catch {
        fatalError("what was written is not JSON")
    }
}

@main
enum Fuzzer {
    static func main() {
        FuzzDriver.run { fuzzRequest($0, $1) }
    }
}
