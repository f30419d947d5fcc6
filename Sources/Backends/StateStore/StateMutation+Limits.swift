extension StateMutation {
    /// Checks the limits that every store has.
    ///
    /// - Parameter index: of the mutation in its write, for the error.
    /// - Throws: ``StateError`` with ``StateError/Code/tooLarge``.
    package func checkLimits(index: Int) throws(StateError) {
        let key = self.key
        guard (1...512).contains(key.name.utf8.count), key.scope.utf8.count <= 512, (1...64).contains(key.collection.utf8.count) else {
            throw StateError(.tooLarge, "a name must have 1 to 512 bytes", mutationIndex: index)
        }
        switch self {
        case .create(_, let value), .update(_, let value, _), .put(_, let value):
            guard value.count <= StateEntry.maximumBytes else {
                throw StateError(.tooLarge, "a document may have \(StateEntry.maximumBytes) bytes", mutationIndex: index)
            }
        case .delete: break
        }
    }
}
