import NIOCore
import RedisClient
import Testing

@Suite struct RedisCommandTests {
    @Test func isAnArrayOfBulkStrings() {
        let command = RedisCommand("SET", .bytes([0, 13, 10]), .integer(-120), .buffer(ByteBuffer(string: "é")), 0)
        #expect(
            Array(command.bytes.readableBytesView)
                == Array("*5\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$4\r\n-120\r\n$2\r\né\r\n$1\r\n0\r\n".utf8))
    }

    @Test(arguments: [0, 9, 10, 99, 100, -1, -10, .max, .min] as [Int64]) func numbersAreWritten(number: Int64) {
        let text = "\(number)"
        let command = RedisCommand([.integer(number)])
        #expect(String(buffer: command.bytes) == "*1\r\n$\(text.utf8.count)\r\n\(text)\r\n")
    }

    @Test func aScriptIsCalledByItsDigest() {
        // SHA-1 of "return 1", as SCRIPT LOAD answers.
        let command = RedisCommand(RedisScript("return 1"), keys: ["k"], arguments: [7])
        #expect(
            String(buffer: command.bytes)
                == "*5\r\n$7\r\nEVALSHA\r\n$40\r\ne0e1f9fabfc9d4800c877a703b823ac0578ff8db\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\n7\r\n")
    }

    @Test func itsDescriptionHasNoArgument() {
        #expect(!"\(RedisCommand("AUTH", "hunter2"))".contains("hunter2"))
        #expect(!"\(RedisCredentials(user: "u", password: "hunter2"))".contains("hunter2"))
        #expect(!String(reflecting: RedisConfiguration(host: "h", credentials: RedisCredentials(password: "hunter2"))).contains("hunter2"))
    }
}
