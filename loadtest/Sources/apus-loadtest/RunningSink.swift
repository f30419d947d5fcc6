import MailSink
import NIOCore

/// What `sink` runs: one server, or the providers of a scenario.
enum RunningSink {
    case oneServer(MailSink)
    case providers(MailSinkFleet)

    var addresses: [SocketAddress] {
        switch self {
        case .oneServer(let sink): sink.addresses
        case .providers(let fleet): fleet.addresses
        }
    }

    /// Of everything together.
    var total: MailSinkStatistics {
        switch self {
        case .oneServer(let sink): sink.statistics
        case .providers(let fleet): fleet.total
        }
    }

    func stop(grace: Duration) async {
        switch self {
        case .oneServer(let sink): await sink.stop(grace: grace)
        case .providers(let fleet): await fleet.stop(grace: grace)
        }
    }
}
