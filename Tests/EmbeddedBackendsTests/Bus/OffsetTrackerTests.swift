import Backends
import Testing

@Suite struct OffsetTrackerTests {
    /// The same rules without any cleverness.
    private struct Model {
        var order: [Int64] = []
        var complete: Set<Int64> = []
        var highest: Int64 = -1
        var reported = 0

        mutating func register(_ offset: Int64) -> Bool {
            guard offset > self.highest else { return false }
            self.highest = offset
            self.order.append(offset)
            return true
        }

        mutating func complete(_ offset: Int64) {
            if self.order.contains(offset) { self.complete.insert(offset) }
        }

        var prefix: Int { self.order.firstIndex { !self.complete.contains($0) } ?? self.order.count }

        mutating func takeCommit() -> Int64? {
            guard self.prefix > self.reported else { return nil }
            self.reported = self.prefix
            return self.order[self.prefix - 1] + 1
        }
    }

    @Test(arguments: 0..<200) func agreesWithTheModel(seed: UInt64) {
        var random = SplitMix(state: seed)
        var tracker = OffsetTracker()
        var model = Model()
        var next: Int64 = 0
        for _ in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                next += Int64.random(in: 1...3, using: &random)
                #expect(tracker.register(next) == model.register(next))
            case 4:
                let old = Int64.random(in: 0...max(0, next), using: &random)
                #expect(tracker.register(old) == model.register(old))
            case 5..<9:
                let offset = Int64.random(in: 0...next + 2, using: &random)
                tracker.complete(offset)
                model.complete(offset)
            default:
                #expect(tracker.takeCommit() == model.takeCommit())
            }
            #expect(tracker.pending == model.order.count - model.prefix)
            #expect(tracker.head == (model.prefix < model.order.count ? model.order[model.prefix] : nil))
        }
    }

    @Test func commitsTheContiguousPrefixOnce() {
        var tracker = OffsetTracker()
        for offset in [3, 5, 9] as [Int64] {
            let isNew = tracker.register(offset)
            #expect(isNew)
        }
        tracker.complete(5)
        #expect(tracker.commitOffset == nil)
        tracker.complete(3)
        #expect(tracker.takeCommit() == 6)
        #expect(tracker.takeCommit() == nil)
        tracker.complete(9)
        #expect(tracker.takeCommit() == 10)
        #expect(tracker.pending == 0 && tracker.head == nil)
        let isNew = tracker.register(9)
        #expect(!isNew)
    }
}

/// A small deterministic generator.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
