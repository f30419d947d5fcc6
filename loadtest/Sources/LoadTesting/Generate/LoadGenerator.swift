import AWSSignature
package import MailSink
import NIOCore
import NIOPosix
import NIOSSL

/// Makes the load of one or several streams at one entrance.
package struct LoadGenerator: Sendable {
    package struct Configuration: Sendable {
        package var streams: [LoadStream]
        package var entrance: LoadEntrance
        package var run: UInt32
        /// Event loops; a stream is shared among them when it is large.
        package var loops = 1
        package var seed: UInt64 = 1
        /// Whether the entrance may be elsewhere than on loopback.
        package var mayLeaveLoopback = false
        /// PEM file of certificates to trust instead of the system's.
        package var trust: String?

        package init(streams: [LoadStream], entrance: LoadEntrance, run: UInt32) {
            self.streams = streams
            self.entrance = entrance
            self.run = run
        }
    }

    package let progress = LoadProgress()
    private let configuration: Configuration
    private let address: SocketAddress

    /// Checks everything that can be checked before the first call.
    ///
    /// - Throws: ``LoadTestError``: for a target that is not on loopback, among others.
    package init(_ configuration: Configuration) throws(LoadTestError) {
        self.configuration = configuration
        guard !configuration.streams.isEmpty, configuration.streams.count <= 64 else {
            throw LoadTestError(.invalidScenario, "a load has from 1 to 64 streams")
        }
        for stream in configuration.streams { try stream.check() }
        let (host, port) =
            switch configuration.entrance {
            case .ses(let entrance): (entrance.host, entrance.port)
            case .smtp(let host, let port): (host, port)
            }
        if case .ses(let entrance) = configuration.entrance, entrance.keys.isEmpty {
            throw LoadTestError(.invalidScenario, "an SES endpoint needs an access key")
        }
        address = try LoopbackGuard.resolve(host: host, port: port, mayLeave: configuration.mayLeaveLoopback)
    }

    /// Makes all calls, and returns when the last one is answered.
    ///
    /// Cancelling the task ends the load: no further call begins, those on their way are waited for.
    ///
    /// - Parameter log: gets one record a call.
    /// - Throws: ``LoadTestError`` when the entrance cannot be reached for a minute.
    package func generate(into log: RecordLogWriter<SentRecord>) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        do {
            try await generate(into: log, on: group)
            log.flush()
            try await group.shutdownGracefully()
        } catch {
            log.flush()
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func generate(into log: RecordLogWriter<SentRecord>, on group: MultiThreadedEventLoopGroup) async throws {
        let connect = try connector()
        let begin = WallClock.now() + 10_000_000
        var running: [(any EventLoop, EventLoopFuture<Void>, EventLoopPromise<Void>)] = []
        let flushes = group.next().scheduleRepeatedTask(initialDelay: .milliseconds(100), delay: .milliseconds(100)) { _ in log.flush() }
        defer { flushes.cancel() }
        for (number, stream) in configuration.streams.enumerated() {
            let parts = Self.parts(of: stream, loops: configuration.loops)
            for part in 0..<parts {
                let loop = group.next()
                let finished = loop.makePromise(of: Void.self)
                let stop = loop.makePromise(of: Void.self)
                let share = Self.share(part, of: parts, stream, begin: begin)
                let seed = configuration.seed &* 0x9E37_79B9 &+ UInt64(number) << 8 &+ UInt64(part)
                let (run, keys, progress) = (configuration.run, keyCount, progress)
                loop.execute {
                    let driver = StreamDriver(
                        loop: loop, stream: stream, number: UInt8(number), share: share, run: run, keys: keys, seed: seed, log: log,
                        progress: progress,
                        open: { connect(loop) }, finished: finished)
                    stop.futureResult.assumeIsolated().whenSuccess { driver.stop() }
                    driver.start()
                }
                running.append((loop, finished.futureResult, stop))
            }
        }
        let stops = running.map(\.2)
        defer { for stop in stops { stop.succeed(()) } }
        try await withTaskCancellationHandler {
            try await EventLoopFuture.andAllComplete(running.map(\.1), on: group.next()).get()
        } onCancel: {
            for stop in stops { stop.succeed(()) }
        }
        for (_, future, _) in running { try await future.get() }
    }

    private var keyCount: Int {
        if case .ses(let entrance) = configuration.entrance { entrance.keys.count } else { 1 }
    }

    /// How a connection is opened.
    private func connector() throws(LoadTestError) -> @Sendable (any EventLoop) -> EventLoopFuture<any LoadConnection> {
        let largest = configuration.streams.map { Int($0.size.largest) }.max() ?? 0
        let maker = MessageMaker(run: configuration.run, largest: min(largest, 50 << 20))
        let address = address
        switch configuration.entrance {
        case .smtp:
            return { loop in
                SMTPLoadConnection.open(host: address, maker: maker, on: loop).assumeIsolated().map { $0 as any LoadConnection }.nonisolated()
            }
        case .ses(let entrance):
            let signers = entrance.keys.map { SigV4Signer(accessKeyID: $0.id, secret: $0.secret, region: entrance.region) }
            let tls = entrance.isTLS ? try tlsContext() : nil
            return { loop in
                SESLoadConnection.open(to: address, entrance: entrance, signers: signers, tls: tls, maker: maker, on: loop).assumeIsolated()
                    .map { $0 as any LoadConnection }.nonisolated()
            }
        }
    }

    private func tlsContext() throws(LoadTestError) -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let trust = configuration.trust { tls.trustRoots = .file(trust) }
        do {
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw LoadTestError(.invalidScenario, "the certificates to trust cannot be read")
        }
    }

    // MARK: - Shares

    /// Small streams keep to one loop: shares of a rate below a call a second would not be even.
    private static func parts(of stream: LoadStream, loops: Int) -> Int {
        let isLarge = (stream.rate.map { $0 >= 1_000 } ?? (stream.concurrency >= 2 * loops)) && (stream.messages ?? .max) >= 100 * loops
        return isLarge ? loops : 1
    }

    private static func share(_ part: Int, of parts: Int, _ stream: LoadStream, begin: Int64) -> StreamDriver.Share {
        func split(_ whole: Int) -> Int { whole / parts + (part < whole % parts ? 1 : 0) }
        let begin = begin + Int64((stream.startAfter?.value ?? 0) * 1e6)
        return StreamDriver.Share(
            rate: stream.rate.map { $0 / Double(parts) }, concurrency: max(split(stream.concurrency), 1), messages: stream.messages.map(split),
            begin: begin, end: stream.durationMilliseconds.map { begin + Int64($0 * 1e6) })
    }
}
