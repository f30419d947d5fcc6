import MailMessage
import Testing

@Suite struct RFC5322AppendixTests {
    private static func shown(_ value: [UInt8]?) throws -> [String] {
        try AddressList(bytes: value ?? []).mailboxes.map { "\($0.displayName ?? "")|\($0.address.addrSpec)" }
    }

    @Test(arguments: RFC5322Example.all) func meaning(_ example: RFC5322Example) throws {
        let message = try RawMessage(Array(example.text.utf8))
        let header = message.header
        #expect(header.fields.count == example.fieldCount)
        #expect(try Self.shown(header.value("from")) == example.from)
        #expect(try Self.shown(header.value("TO")) == example.to)
        #expect(try Self.shown(header.value("Cc")) == example.cc)
        #expect(header.value("Date").flatMap { InternetDate.parseRFC5322($0) } == example.date)
        #expect(header.text("Subject") == example.subject)
        #expect(header.text("Message-ID") == example.messageID)
        #expect(!message.body.isEmpty)
    }

    @Test(arguments: RFC5322Example.all) func sameMeaningWithLoneLineFeedsAndCRLF(_ example: RFC5322Example) throws {
        let lone = try RawMessage(Array(example.text.utf8))
        let crlf = try RawMessage(Array(example.text.replacing("\n", with: "\r\n").utf8))
        #expect(lone.bytes == crlf.bytes)
        #expect(lone.bytes.count { $0 == 10 } == lone.bytes.count { $0 == 13 })
    }

    @Test(arguments: RFC5322Example.all) func truncationsNeverTrap(_ example: RFC5322Example) throws {
        let bytes = Array(example.text.utf8)
        for end in bytes.indices {
            let message = try RawMessage(Array(bytes[..<end]))
            for field in message.header.fields {
                let value = message.header.unfoldedValue(of: field)
                _ = try? AddressList(bytes: value)
                _ = InternetDate.parseRFC5322(value)
            }
        }
    }

    @Test func groupsKeepTheirNames() throws {
        let list = try AddressList("A Group(Some people) :Chris Jones <c@public.example>;, Undisclosed recipients:;")
        #expect(list.elements.count == 2)
        guard case .group(let name, let members) = list.elements[0], case .group(let second, let none) = list.elements[1] else {
            Issue.record("not groups")
            return
        }
        #expect(name == "A Group")
        #expect(members.count == 1)
        #expect(second == "Undisclosed recipients")
        #expect(none.isEmpty)
    }
}
