internal import Backends
internal import PostgresClient

/// A ``StateKey`` by its bytes: strings that look alike are equal to Swift, and are not the same name.
struct StateKeyBytes: Hashable, Sendable {
    let collection: [UInt8]
    let scope: [UInt8]
    let name: [UInt8]

    init(_ key: StateKey) {
        self.collection = Array(key.collection.utf8)
        self.scope = Array(key.scope.utf8)
        self.name = Array(key.name.utf8)
    }

    var parameters: [PostgresValue] { [.bytes(self.collection), .bytes(self.scope), .bytes(self.name)] }
}

extension Array<StateKeyBytes> {
    /// Three arrays, to be unnested side by side.
    var columns: [PostgresValue] {
        [.bytesArray(self.map(\.collection)), .bytesArray(self.map(\.scope)), .bytesArray(self.map(\.name))]
    }
}
