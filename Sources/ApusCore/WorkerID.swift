/// One life of one worker process: a restart is another worker, so that claims of the one that died can be told from its own.
package struct WorkerID: Hashable, Sendable {
    /// 1 to 64 ASCII bytes, unique among all lives.
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }
}

extension WorkerID: CustomStringConvertible {
    package var description: String { self.rawValue }
}
