/// How a child ended.
package enum ChildEnd: Hashable, Sendable {
    case exited(Int32)
    case signalled(Int32)

    /// Whether it ended by itself with status 0.
    package var isSuccess: Bool { self == .exited(0) }

    /// From what waitpid(2) gave.
    init(status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }
}
