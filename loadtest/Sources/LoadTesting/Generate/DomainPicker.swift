import MailSink

/// Draws domains for a ``DomainChoice``: one search in a table a draw.
struct DomainPicker: Sendable {
    private let names: [String]
    /// For each name, the share of all names up to it.
    private let limits: [Double]
    private let isInTurn: Bool
    /// The one after the last.
    private var turn = 0

    init(_ choice: DomainChoice) {
        var names: [String] = []
        var limits: [Double] = []
        var sum = 0.0
        for (name, share) in choice.shares.sorted(by: { $0.key < $1.key }) where share > 0 {
            sum += share
            names.append(name)
            limits.append(sum)
        }
        if choice.others > 0 {
            let rest = max(1 - sum, 0)
            let all = (1...choice.others).reduce(0.0) { $0 + 1 / Double($1) }
            for number in 1...choice.others {
                sum += rest / Double(number) / all
                names.append(choice.other.replacingStar(with: String(number)))
                limits.append(sum)
            }
        }
        self.names = names
        self.limits = limits
        self.isInTurn = choice.inTurn
    }

    mutating func next(_ random: inout SplitMix64) -> String {
        if self.isInTurn {
            defer { self.turn = (self.turn + 1) % self.names.count }
            return self.names[self.turn]
        }
        let value = random.nextUnit() * (limits.last ?? 1)
        var low = 0
        var high = limits.count - 1
        while low < high {
            let middle = (low + high) / 2
            if limits[middle] > value { high = middle } else { low = middle + 1 }
        }
        return names[low]
    }
}
