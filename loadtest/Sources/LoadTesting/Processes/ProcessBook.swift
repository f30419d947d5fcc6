/// What the processes of a run used, sampled about once a second.
struct ProcessBook: Sendable {
    private struct Account: Sendable {
        var name: String
        var role: LoadReport.Process.Role
        var last = 0.0
        var lastAt: Int64
        /// Of processes that were there and are not any more.
        var ended = 0.0
        var processes: [Int32] = []
        var begin: Double?
        var peak = 0
        var samples: [LoadReport.Process.Sample] = []

        var cpuSeconds: Double { ended + last - (begin ?? 0) }

        mutating func add(_ use: ProcessUse, processes: [Int32], at now: Int64, begin start: Int64) {
            // A system that was killed and started again begins at 0.
            if use.cpuSeconds < last || (processes != self.processes && Set(processes).isDisjoint(with: self.processes)) {
                ended += last
                last = 0
            }
            self.processes = processes
            if begin == nil { begin = use.cpuSeconds }
            let seconds = Double(now - lastAt) / 1e9
            let cores = samples.isEmpty || seconds <= 0 ? 0 : max(use.cpuSeconds - last, 0) / seconds
            samples.append(LoadReport.Process.Sample(at: Double(now - start) / 1e9, cores: cores, residentOctets: use.residentOctets))
            last = use.cpuSeconds
            lastAt = now
            peak = max(peak, use.residentOctets)
        }
    }

    private let begin: Int64
    private let sink: Int32
    private let generator: Int32
    private var accounts: [Account]

    init(begin: Int64, sink: Int32, generator: Int32) {
        self.begin = begin
        self.sink = sink
        self.generator = generator
        accounts = [
            Account(name: "system", role: .system, lastAt: begin), Account(name: "sink", role: .sink, lastAt: begin),
            Account(name: "generator", role: .generator, lastAt: begin), Account(name: "this run", role: .harness, lastAt: begin),
        ]
    }

    mutating func sample(at now: Int64, system: [Int32]) {
        let roots = [system, [sink], [generator], [ProcessTree.own]]
        for (index, processes) in roots.enumerated() {
            // This process's own children are the others.
            let use = index == 3 ? ProcessTree.ownUse() : ProcessTree.use(of: processes)
            // One that has just ended has nothing to show, and must not count as one that began anew.
            if use.residentOctets > 0 { accounts[index].add(use, processes: processes, at: now, begin: begin) }
        }
    }

    func report(messages: Int, system: String) -> [LoadReport.Process] {
        accounts.filter { !$0.samples.isEmpty }.map { account in
            LoadReport.Process(
                name: account.role == .system ? system : account.name, role: account.role, cpuSeconds: account.cpuSeconds,
                cpuMicrosecondsPerMessage: messages > 0 ? account.cpuSeconds / Double(messages) * 1e6 : 0, peakResidentOctets: account.peak,
                samples: Self.thinned(account.samples))
        }
    }

    /// At most 600 samples, of which each stands for those before it.
    private static func thinned(_ samples: [LoadReport.Process.Sample]) -> [LoadReport.Process.Sample] {
        let step = max((samples.count + 599) / 600, 1)
        return stride(from: 0, to: samples.count, by: step).map { start in
            let slice = samples[start..<min(start + step, samples.count)]
            return LoadReport.Process.Sample(
                at: slice[slice.startIndex].at, cores: slice.reduce(0) { $0 + $1.cores } / Double(slice.count),
                residentOctets: slice.map(\.residentOctets).max() ?? 0)
        }
    }
}
