import MailSink
import NIOCore
import Synchronization

/// Does a scenario's faults at their times.
final class FaultInjector: Sendable {
    private let system: any MailSystem
    private let proxy: FaultyProxy?
    private let begin: Int64
    private let over = Mutex(false)

    init(system: any MailSystem, proxy: FaultyProxy?, begin: Int64) {
        self.system = system
        self.proxy = proxy
        self.begin = begin
    }

    /// Whether no further fault comes.
    var isOver: Bool { over.withLock { $0 } }

    /// - Returns: what was done, when.
    func run(_ faults: [LoadScenario.Fault]) async throws -> [LoadReport.Fault] {
        defer { over.withLock { $0 = true } }
        var done: [LoadReport.Fault] = []
        let planned = faults.flatMap { fault in fault.moments.map { (at: $0, fault: fault) } }.sorted { $0.at < $1.at }
        for (at, fault) in planned {
            let wait = at - Double(WallClock.now() - begin) / 1e6
            if wait > 0 {
                do {
                    try await Task.sleep(for: .milliseconds(Int64(wait)))
                } catch {
                    return done
                }
            }
            let start = WallClock.now()
            try await inject(fault)
            done.append(
                LoadReport.Fault(
                    at: Double(start - begin) / 1e9, seconds: Double(WallClock.now() - start) / 1e9, action: fault.action.rawValue,
                    detail: Self.detail(fault)))
        }
        return done
    }

    private func inject(_ fault: LoadScenario.Fault) async throws {
        let lasts = fault.lasts?.value ?? 0
        func wait() async { try? await Task.sleep(for: .milliseconds(Int64(lasts))) }
        switch fault.action {
        case .kill:
            try await system.kill()
            await wait()
            try await system.start()
        case .restart:
            try await system.stop(within: .seconds(120))
            await wait()
            try await system.start()
        case .stop:
            try system.suspend()
            await wait()
            try system.resume()
        case .cut:
            proxy?.cut()
            await wait()
            proxy?.restore()
        case .slow:
            proxy?.slow(by: .milliseconds(Int64(fault.delay?.value ?? 0)))
            await wait()
            proxy?.restore()
        }
    }

    private static func detail(_ fault: LoadScenario.Fault) -> String {
        let lasts = fault.lasts.map { ", \(ReportNumbers.milliseconds($0.value))" } ?? ""
        switch fault.action {
        case .kill: return "kill -9 and a start\(lasts.isEmpty ? "" : " after\(lasts.dropFirst())")"
        case .restart: return "SIGTERM, and a start when it has ended"
        case .stop: return "SIGSTOP\(lasts)"
        case .cut: return "connections to the sink cut\(lasts)"
        case .slow: return "\(ReportNumbers.milliseconds(fault.delay?.value ?? 0)) more each way to the sink\(lasts)"
        }
    }
}
