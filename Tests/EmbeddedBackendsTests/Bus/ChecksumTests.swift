import EmbeddedBackends
import Testing

@Suite struct ChecksumTests {
    /// RFC 3720 appendix B.4 and the usual check value.
    @Test func crc32c() {
        #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(CRC32C.checksum(Array(0..<32)) == 0x46DD_794E)
        #expect(CRC32C.checksum([]) == 0)
        let bytes = Array("123456789".utf8)
        #expect(CRC32C.checksum(Array(bytes[4...]), continuing: CRC32C.checksum(Array(bytes[..<4]))) == 0xE306_9283)
    }
}
