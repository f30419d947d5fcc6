import Testing

/// Real processes on loopback. One at a time: each scenario wants the machine to itself, and counts connections.
@Suite(.serialized)
struct Scenarios {}
