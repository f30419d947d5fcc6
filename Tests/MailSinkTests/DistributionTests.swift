import FoundationEssentials
import MailSink
import Testing

@Suite struct DistributionTests {
    private func times(_ json: String) throws -> Distribution<Milliseconds> {
        try JSONDecoder().decode(Distribution<Milliseconds>.self, from: Data(json.utf8))
    }

    private func samples(_ json: String, _ count: Int = 40_000, seed: UInt64 = 9) throws -> [Double] {
        let distribution = try times(json)
        var random = SplitMix64(state: seed)
        return (0..<count).map { _ in distribution.sample(using: &random) }
    }

    @Test(arguments: [("5", 5.0), (#""300ms""#, 300), (#""2s""#, 2_000), (#""1.5m""#, 90_000), (#""1h""#, 3_600_000), ("0", 0)])
    func constantsAreExact(_ json: String, _ value: Double) throws {
        #expect(try times(json).fixed == value)
        #expect(try samples(json, 10).allSatisfy { $0 == value })
        #expect(try times(json).fixedDuration == .microseconds(Int64(value * 1000)))
    }

    @Test(arguments: [("1000", 1_000.0), (#""10k""#, 10_240), (#""2m""#, 2_097_152), (#""7""#, 7)])
    func sizes(_ json: String, _ value: Double) throws {
        #expect(try JSONDecoder().decode(Distribution<Octets>.self, from: Data(json.utf8)).fixed == value)
    }

    @Test(arguments: [
        (#"{"uniform": ["10ms", "50ms"]}"#, 30.0, 10.0...50.0), (#"{"exponential": "200ms"}"#, 200, 0...10_000),
        (#"{"normal": {"mean": 100, "deviation": 20}}"#, 100, 0...300), (#"{"weighted": [[10, 3], [50, 1]]}"#, 20, 10...50),
    ])
    func means(_ json: String, _ mean: Double, _ range: ClosedRange<Double>) throws {
        let values = try samples(json)
        #expect(abs(values.reduce(0, +) / Double(values.count) - mean) < mean * 0.03)
        #expect(values.allSatisfy(range.contains))
        #expect(try values == samples(json))
        #expect(try values != samples(json, seed: 10))
    }

    @Test func percentilesOfTheLognormalForm() throws {
        let values = try samples(#"{"lognormal": {"median": "300ms", "p99": "4s"}}"#).sorted()
        #expect(abs(values[values.count / 2] - 300) < 15)
        #expect(abs(values[values.count * 99 / 100] - 4_000) < 400)
        let bounded = try samples(#"{"lognormal": {"median": "300ms", "p99": "4s"}, "max": "1s"}"#)
        #expect(bounded.max() == 1_000)
    }

    @Test(arguments: [
        "-1", "null", "true", "[]", "{}", #""5""#, #""5 s""#, #""s""#, #""-5s""#, #""1e3s""#, #""0x5s""#, #""1..5s""#, #""٥s""#, #""nans""#,
        #"{"uniform": [5]}"#, #"{"uniform": [5, 1]}"#, #"{"uniform": [1, 2, 3]}"#, #"{"uniform": [1, 2], "exponential": 5}"#, #"{"max": 5}"#,
        #"{"exponential": -5}"#, #"{"normal": {"mean": 5}}"#, #"{"lognormal": {"median": 0, "p99": 5}}"#,
        #"{"lognormal": {"median": 10, "p99": 5}}"#, #"{"weighted": []}"#, #"{"weighted": [[1, 0]]}"#, #"{"weighted": [[1]]}"#,
        #"{"weighted": [[1, -1]]}"#, #"{"poisson": 5}"#, #"{"uniform": [1, 2], "min": 0}"#, #"{"exponential": {"exponential": 5}}"#, "1e400",
    ])
    func mistakesAreRefused(_ json: String) {
        #expect(throws: (any Error).self) { try times(json) }
    }

    /// The longest time is a day, and no value traps.
    @Test(arguments: ["1e300", #""99999999999999999999h""#, #"{"uniform": [0, 1e308]}"#, #"{"exponential": 1e308}"#])
    func hugeValuesAreBounded(_ json: String) throws {
        let distribution = try times(json)
        var random = SplitMix64(state: 1)
        for _ in 0..<100 { #expect(distribution.duration(using: &random) <= .seconds(86_400)) }
    }
}
