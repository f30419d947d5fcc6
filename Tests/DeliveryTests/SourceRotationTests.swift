import ApusCore
import Delivery
import Testing

/// The addresses of a pool as transcripts.
@Suite struct SourceRotationTests {
    let now = UnixMilliseconds(1_800_000_000_000)

    func address(_ last: Int) -> SourceAddress { SourceAddress("127.0.0.\(last)")! }

    func pool(_ weights: [Int: Int], id: String = "pool") -> SourcePool {
        SourcePool(id: id, sources: weights.sorted { $0.key < $1.key }.map { .init(address: self.address($0.key), weight: $0.value) })
    }

    func turns(_ count: Int, _ pool: SourcePool, _ rotation: inout SourceRotation, after: Duration = .zero) -> [Int] {
        (0..<count).map { _ in
            rotation.next(of: pool, now: self.now + after).flatMap { Int($0.text.split(separator: ".").last ?? "") } ?? 0
        }
    }

    @Test func addressesTakeTurns() {
        var rotation = SourceRotation()
        same(self.turns(6, self.pool([2: 1, 3: 1, 4: 1]), &rotation), [2, 3, 4, 2, 3, 4])
    }

    @Test func weightsAreSharesAndEvenlySpread() {
        var rotation = SourceRotation()
        same(self.turns(8, self.pool([2: 3, 3: 1]), &rotation), [2, 2, 3, 2, 2, 2, 3, 2])
        same(self.turns(3, self.pool([2: 0, 3: 1]), &rotation), [3, 3, 3])
        same(self.turns(1, self.pool([2: 0]), &rotation), [0])
        same(self.turns(1, self.pool([:]), &rotation), [0])
    }

    @Test func poolsHaveTheirOwnTurns() {
        var rotation = SourceRotation()
        let (one, other) = (self.pool([2: 1, 3: 1], id: "one"), self.pool([2: 1, 3: 1], id: "other"))
        same(self.turns(1, one, &rotation), [2])
        same(self.turns(2, other, &rotation), [2, 3])
        same(self.turns(1, one, &rotation), [3])
    }

    @Test func unusableAddressRestsAndIsTriedAgain() {
        var rotation = SourceRotation()
        let pool = self.pool([2: 1, 3: 1])
        rotation.unusable(self.address(2), now: self.now)
        same(self.turns(3, pool, &rotation), [3, 3, 3])
        #expect(rotation.resting(now: self.now) == 1)
        // Once more while it rests is the same failure.
        rotation.unusable(self.address(2), now: self.now + .seconds(20))
        same(Set(self.turns(2, pool, &rotation, after: .seconds(30))), [2, 3])
        // It has gained nothing meanwhile; the second rest is twice as long.
        rotation.unusable(self.address(2), now: self.now + .seconds(30))
        same(self.turns(2, pool, &rotation, after: .seconds(89)), [3, 3])
        same(Set(self.turns(2, pool, &rotation, after: .seconds(90))), [2, 3])
        rotation.usable(self.address(2))
        rotation.unusable(self.address(2), now: self.now + .seconds(100))
        same(Set(self.turns(2, pool, &rotation, after: .seconds(130))), [2, 3])
    }

    @Test func poolWhoseAddressesAllRestHasNone() {
        var rotation = SourceRotation()
        let pool = self.pool([2: 1])
        rotation.unusable(self.address(2), now: self.now)
        same(self.turns(1, pool, &rotation), [0])
    }

    @Test func addressesComeAndGo() {
        var rotation = SourceRotation()
        same(self.turns(2, self.pool([2: 1, 3: 1]), &rotation), [2, 3])
        same(self.turns(2, self.pool([3: 1]), &rotation), [3, 3])
        same(self.turns(3, self.pool([3: 1, 4: 1, 5: 1]), &rotation), [3, 4, 5])
    }

    @Test func addressesAreRead() {
        #expect(SourceAddress("192.0.2.1")?.isIPv6 == false)
        #expect(SourceAddress("2001:DB8::1")?.text == "2001:db8::1")
        #expect(SourceAddress("2001:db8::1")?.isIPv6 == true)
        for text in ["", "example.com", "192.0.2.1:25", "[::1]", "192.0.2"] { #expect(SourceAddress(text) == nil, "\(text)") }
    }
}
