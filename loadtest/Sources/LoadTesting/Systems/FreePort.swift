import NIOCore
import NIOPosix

/// Ports that nobody uses at the moment.
enum FreePort {
    /// A free TCP port of 127.0.0.1. For programs that cannot choose one themselves and say which.
    static func next() async throws -> Int {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup).bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }
}
