import DNSServer
import MailSink

/// What a DNS server says of a sink's providers.
enum SinkZone {
    /// MX and SPF of each domain, addresses of each mail exchanger.
    static func publish(_ routes: [MailSinkRoute], on server: DNSZoneServer) {
        var hosts: Set<String> = []
        for route in routes {
            server.set(route.domain, .mx(10, route.mailExchanger), .txt("v=spf1 mx -all"))
            guard hosts.insert(route.mailExchanger).inserted else { continue }
            server.set(route.mailExchanger, route.addresses.map { $0.utf8.contains(0x3A) ? .aaaa($0) : .a($0) })
        }
    }
}
