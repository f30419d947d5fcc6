/// Finds the operation of a method and path.
///
/// The raw path is split first and each segment decoded after, because clients encode slashes inside labels
/// (`user%2Btag%2F@example.com` is one segment). A literal segment wins over a label; one trailing slash is tolerated.
package struct Router: Sendable {
    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var label: Int?
        var operations: [OperationMethod: (operation: Operation, labels: [String])] = [:]
    }

    private var nodes: [Node] = [Node()]

    /// - Parameter operations: no two with the same method and path.
    package init(_ operations: [Operation]) {
        for operation in operations { self.add(operation) }
    }

    /// - Parameters:
    ///   - method: as on the request line.
    ///   - path: the raw path, without query.
    /// - Returns: nil when no operation is there.
    package func route(method: String, path: Substring) -> RouteMatch? {
        guard let method = OperationMethod(rawValue: method), path.utf8.first == UInt8(ascii: "/") else { return nil }
        var segments = path.dropFirst().split(separator: "/", maxSplits: 32, omittingEmptySubsequences: false)
        if segments.last?.isEmpty == true { segments.removeLast() }
        var labels: [Substring] = []
        guard let node = self.find(segments[...], from: 0, method: method, labels: &labels),
            let (operation, names) = self.nodes[node].operations[method]
        else { return nil }
        return RouteMatch(operation: operation, labels: Array(zip(names, labels).map { (name: $0, value: $1) }))
    }

    private func find(_ segments: ArraySlice<Substring>, from node: Int, method: OperationMethod, labels: inout [Substring]) -> Int? {
        guard let segment = segments.first else { return self.nodes[node].operations[method] == nil ? nil : node }
        if let next = self.nodes[node].literals[String(segment)],
            let found = self.find(segments.dropFirst(), from: next, method: method, labels: &labels)
        {
            return found
        }
        guard let next = self.nodes[node].label, !segment.isEmpty else { return nil }
        labels.append(segment)
        if let found = self.find(segments.dropFirst(), from: next, method: method, labels: &labels) { return found }
        labels.removeLast()
        return nil
    }

    private mutating func add(_ operation: Operation) {
        var node = 0
        var names: [String] = []
        for segment in operation.path.split(separator: "/") {
            let isLabel = segment.utf8.first == UInt8(ascii: "{")
            if isLabel { names.append(String(segment.dropFirst().dropLast())) }
            if let next = isLabel ? self.nodes[node].label : self.nodes[node].literals[String(segment)] {
                node = next
                continue
            }
            self.nodes.append(Node())
            let next = self.nodes.count - 1
            if isLabel { self.nodes[node].label = next } else { self.nodes[node].literals[String(segment)] = next }
            node = next
        }
        precondition(self.nodes[node].operations[operation.method] == nil, "one operation per method and path: \(operation.name)")
        self.nodes[node].operations[operation.method] = (operation, names)
    }
}
