import Synchronization

/// Counts what clients do over all connections of one provider, for ``MailSinkLimits``.
///
/// Memory is bounded: 100,000 clients are told apart; when there are more whose windows are not over, the further ones count as one.
final class MailSinkLimiter: Sendable {
    /// A place among the open connections, to be given back.
    struct Ticket: Sendable {
        let client: String
        /// Why the connection is refused; it holds no place then.
        let refusal: MailSinkLimits.Refusal?
    }

    private struct Client {
        var open = 0
        var connections = RateWindow()
        var messages = RateWindow()
        var recipients = RateWindow()
    }

    private struct State {
        var open = 0
        var clients: [String: Client] = [:]
        var sweptAt: UInt64 = 0
    }

    private static let maximumClients = 100_000
    /// Sweeping looks at all clients, so it is not done for each new one.
    private static let sweepInterval: UInt64 = 1_000_000_000

    let limits: MailSinkLimits
    private let clock: MailSinkClock
    private let connectionPeriod: UInt64
    private let messagePeriod: UInt64
    private let recipientPeriod: UInt64
    private let state = Mutex(State())

    init(_ limits: MailSinkLimits, clock: MailSinkClock) {
        self.limits = limits
        self.clock = clock
        connectionPeriod = Self.nanoseconds(limits.connectionRate)
        messagePeriod = Self.nanoseconds(limits.messageRate)
        recipientPeriod = Self.nanoseconds(limits.recipientRate)
    }

    /// A client has connected.
    func open(_ client: String) -> Ticket {
        let now = clock.now()
        return state.withLock { state in
            let key = self.key(client, &state, now)
            var entry = state.clients[key] ?? Client()
            let refusal = self.refusal(state.open, entry, now)
            if refusal == nil {
                state.open += 1
                entry.open += 1
                if limits.connectionRate != nil { entry.connections.add(connectionPeriod, at: now) }
                state.clients[key] = entry
            }
            return Ticket(client: key, refusal: refusal)
        }
    }

    /// The connection is gone.
    func close(_ ticket: Ticket) {
        guard ticket.refusal == nil else { return }
        let now = clock.now()
        state.withLock { state in
            state.open -= 1
            guard var entry = state.clients[ticket.client] else { return }
            entry.open -= 1
            state.clients[ticket.client] = isIdle(entry, now) ? nil : entry
        }
    }

    /// Whether the client may begin a message; counts it then.
    func message(_ ticket: Ticket) -> Bool {
        guard let rate = limits.messageRate else { return true }
        return take(ticket, \.messages, rate, messagePeriod)
    }

    /// Whether the client may name a recipient; counts it then.
    func recipient(_ ticket: Ticket) -> Bool {
        guard let rate = limits.recipientRate else { return true }
        return take(ticket, \.recipients, rate, recipientPeriod)
    }

    private func take(_ ticket: Ticket, _ window: WritableKeyPath<Client, RateWindow>, _ rate: MailSinkLimits.Rate, _ period: UInt64) -> Bool {
        let now = clock.now()
        return state.withLock { state in
            var entry = state.clients[ticket.client] ?? Client()
            guard entry[keyPath: window].hasRoom(rate.count, period, at: now) else { return false }
            entry[keyPath: window].add(period, at: now)
            state.clients[ticket.client] = entry
            return true
        }
    }

    private func refusal(_ open: Int, _ entry: Client, _ now: UInt64) -> MailSinkLimits.Refusal? {
        if let bound = limits.connections, open >= bound.count { return .init("connections", bound.reply) }
        if let bound = limits.connectionsPerClient, entry.open >= bound.count { return .init("connectionsPerClient", bound.reply) }
        if let rate = limits.connectionRate, !entry.connections.hasRoom(rate.count, connectionPeriod, at: now) {
            return .init("connectionRate", rate.reply)
        }
        if let rate = limits.messageRate, rate.point == .connect, !entry.messages.hasRoom(rate.count, messagePeriod, at: now) {
            return .init("messageRate", rate.reply)
        }
        return nil
    }

    /// The client's name in the table, or that of all for whom there is no room.
    private func key(_ client: String, _ state: inout State, _ now: UInt64) -> String {
        guard state.clients.count >= Self.maximumClients, state.clients[client] == nil else { return client }
        if now > state.sweptAt, now - state.sweptAt >= Self.sweepInterval {
            state.sweptAt = now
            state.clients = state.clients.filter { !isIdle($0.value, now) }
        }
        return state.clients.count < Self.maximumClients ? client : ""
    }

    private func isIdle(_ entry: Client, _ now: UInt64) -> Bool {
        entry.open <= 0 && entry.connections.isOver(connectionPeriod, at: now) && entry.messages.isOver(messagePeriod, at: now)
            && entry.recipients.isOver(recipientPeriod, at: now)
    }

    private static func nanoseconds(_ rate: MailSinkLimits.Rate?) -> UInt64 {
        guard let period = rate?.period else { return 0 }
        return UInt64(period / .nanoseconds(1))
    }
}
