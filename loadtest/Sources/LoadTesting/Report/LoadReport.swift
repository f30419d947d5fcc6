/// What a run found: the content of `report.json`, from which the terminal summary and the page are made.
///
/// Times `at` are seconds since the load began. A message may have several recipients: `messages` are calls at the entrance, `recipients` what is delivered.
package struct LoadReport: Sendable, Codable {
    /// Version of this format.
    package var format = 1
    /// The scenario's name.
    package var scenario: String
    package var summary: String
    package var system: MailSystemDescription
    package var machine: Machine
    /// Unix time, seconds.
    package var startedAt: Double
    /// Seconds from the first call to the last answer.
    package var loadSeconds: Double
    /// Seconds from the first call until every recipient had ended.
    package var settledSeconds: Double
    package var messages: Messages
    package var recipients: Recipients
    package var streams: [Stream]
    package var latencies: [Latency]
    package var timeline: [Moment]
    package var processes: [Process]
    package var faults: [Fault]
    /// Answers other than acceptance, at the entrance.
    package var refusals: [Reply]
    package var conditions: [Condition]

    /// Whether all conditions held.
    package var held: Bool { conditions.allSatisfy(\.held) }

    package struct Machine: Sendable, Codable {
        package var cores: Int
        package var processor: String
        package var memoryOctets: Int
        package var kernel: String

        package init(cores: Int, processor: String, memoryOctets: Int, kernel: String) {
            self.cores = cores
            self.processor = processor
            self.memoryOctets = memoryOctets
            self.kernel = kernel
        }
    }

    /// Calls at the entrance.
    package struct Messages: Sendable, Codable {
        package var sent = 0
        package var accepted = 0
        package var refused = 0
        /// No answer came: the message may or may not have been accepted.
        package var inDoubt = 0
        /// Of those in doubt, how many reached the sink nevertheless.
        package var inDoubtDelivered = 0
        /// Of those, how many reached it for some of their recipients only; the far end may have refused the others.
        package var partial: Int?
        package var octets = 0

        package init() {}
    }

    /// Recipients of accepted messages, each accounted for.
    package struct Recipients: Sendable, Codable {
        package var expected = 0
        package var delivered = 0
        /// Not delivered, and given up as the system says or as the far end refused it for good.
        package var bounced = 0
        /// Neither: lost, or not yet ended when the time was up.
        package var lost = 0
        /// What the system itself says that it still holds of the lost, when the time was up and it can say.
        package var held: Int?
        /// Messages that the system says it delivered and the sink has not, or the other way round; nil when it does not say.
        package var misreported: Int?
        /// Copies at the sink beyond the first.
        package var doubled = 0
        /// Copies whose content is not what was sent.
        package var altered = 0
        /// Copies of what was never sent in this run.
        package var strangers = 0
        /// Times that the far end put one off (4yz).
        package var deferrals = 0
        /// Some of the lost: `run-sequence.recipient`.
        package var lostExamples: [String] = []

        package init() {}
    }

    /// One kind of load.
    package struct Stream: Sendable, Codable {
        package var name: String
        /// `open loop, 200/s` or `closed loop, 40 at once`.
        package var loop: String
        package var sent: Int
        package var accepted: Int
        /// Calls a second that were asked for; nil in a closed loop.
        package var askedRate: Double?
        /// Calls a second that were made.
        package var rate: Double
        /// Calls that began more than 100 ms after their time.
        package var late: Int
        /// Most that a call was late, milliseconds.
        package var latestMilliseconds: Double
        /// Why the rate was not kept; nil when it was.
        package var fellBehind: String?

        package init(
            name: String, loop: String, sent: Int, accepted: Int, askedRate: Double?, rate: Double, late: Int, latestMilliseconds: Double,
            fellBehind: String?
        ) {
            self.name = name
            self.loop = loop
            self.sent = sent
            self.accepted = accepted
            self.askedRate = askedRate
            self.rate = rate
            self.late = late
            self.latestMilliseconds = latestMilliseconds
            self.fellBehind = fellBehind
        }
    }

    /// A distribution of times in milliseconds, from a histogram of three significant digits.
    package struct Latency: Sendable, Codable {
        /// What is measured: `answer` (scheduled → answer), `delivery` (answer → 250 at the far end), `total` (scheduled → 250 at the far end).
        package var measure: String
        /// nil for all streams together.
        package var stream: String?
        package var count: Int
        package var minimum: Double
        package var mean: Double
        package var p50: Double
        package var p90: Double
        package var p99: Double
        package var p999: Double
        package var maximum: Double
        /// Percentile (0…100) and value, for a curve.
        package var curve: [[Double]]

        package init(
            measure: String, stream: String?, count: Int, minimum: Double, mean: Double, p50: Double, p90: Double, p99: Double, p999: Double,
            maximum: Double, curve: [[Double]]
        ) {
            self.measure = measure
            self.stream = stream
            self.count = count
            self.minimum = minimum
            self.mean = mean
            self.p50 = p50
            self.p90 = p90
            self.p99 = p99
            self.p999 = p999
            self.maximum = maximum
            self.curve = curve
        }
    }

    /// One step of the timeline; the length of a step is the difference of two `at`.
    package struct Moment: Sendable, Codable {
        package var at: Double
        /// Messages accepted a second.
        package var accepted = 0.0
        /// Recipients delivered a second.
        package var delivered = 0.0
        /// Deferrals a second at the far end.
        package var deferred = 0.0
        /// Recipients accepted and not ended at the end of the step.
        package var waiting = 0
        /// Median and 99th percentile of answer → 250 for what arrived in the step, milliseconds; nil when nothing did.
        package var p50: Double?
        package var p99: Double?

        package init(at: Double) {
            self.at = at
        }
    }

    package struct Process: Sendable, Codable {
        package enum Role: String, Sendable, Codable { case system, sink, generator, harness }

        package struct Sample: Sendable, Codable {
            package var at: Double
            /// Cores in use since the sample before.
            package var cores: Double
            package var residentOctets: Int

            package init(at: Double, cores: Double, residentOctets: Int) {
                self.at = at
                self.cores = cores
                self.residentOctets = residentOctets
            }
        }

        package var name: String
        package var role: Role
        package var cpuSeconds: Double
        /// CPU time per accepted message.
        package var cpuMicrosecondsPerMessage: Double
        package var peakResidentOctets: Int
        package var samples: [Sample]

        package init(
            name: String, role: Role, cpuSeconds: Double, cpuMicrosecondsPerMessage: Double, peakResidentOctets: Int, samples: [Sample]
        ) {
            self.name = name
            self.role = role
            self.cpuSeconds = cpuSeconds
            self.cpuMicrosecondsPerMessage = cpuMicrosecondsPerMessage
            self.peakResidentOctets = peakResidentOctets
            self.samples = samples
        }
    }

    package struct Fault: Sendable, Codable {
        package var at: Double
        /// Seconds it lasted; 0 for what has no length.
        package var seconds: Double
        /// `kill`, `stop`, `continue`, `restart`, `cut`, `slow`.
        package var action: String
        package var detail: String

        package init(at: Double, seconds: Double, action: String, detail: String) {
            self.at = at
            self.seconds = seconds
            self.action = action
            self.detail = detail
        }
    }

    package struct Reply: Sendable, Codable {
        /// HTTP status or SMTP code.
        package var code: Int
        package var count: Int

        package init(code: Int, count: Int) {
            self.code = code
            self.count = count
        }
    }

    /// A condition of the scenario and whether it held.
    package struct Condition: Sendable, Codable {
        /// `lost = 0`.
        package var text: String
        /// What was found: `0`, `1,240 ms`.
        package var found: String
        package var held: Bool

        package init(text: String, found: String, held: Bool) {
            self.text = text
            self.found = found
            self.held = held
        }
    }

    package init(
        scenario: String, summary: String, system: MailSystemDescription, machine: Machine, startedAt: Double, loadSeconds: Double,
        settledSeconds: Double, messages: Messages, recipients: Recipients, streams: [Stream], latencies: [Latency], timeline: [Moment],
        processes: [Process], faults: [Fault], refusals: [Reply], conditions: [Condition]
    ) {
        self.scenario = scenario
        self.summary = summary
        self.system = system
        self.machine = machine
        self.startedAt = startedAt
        self.loadSeconds = loadSeconds
        self.settledSeconds = settledSeconds
        self.messages = messages
        self.recipients = recipients
        self.streams = streams
        self.latencies = latencies
        self.timeline = timeline
        self.processes = processes
        self.faults = faults
        self.refusals = refusals
        self.conditions = conditions
    }
}
