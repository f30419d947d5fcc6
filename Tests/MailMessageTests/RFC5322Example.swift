import Testing

/// The messages of RFC 5322, appendix A, and what their fields mean.
struct RFC5322Example: Sendable, CustomTestStringConvertible {
    let section: String
    let text: String
    var from: [String] = []
    var to: [String] = []
    var cc: [String] = []
    /// Milliseconds since 1970.
    let date: Int64
    let subject: String?
    let messageID: String?
    let fieldCount: Int

    var testDescription: String { section }

    static let all: [RFC5322Example] = [
        RFC5322Example(
            section: "A.1.1",
            text: """
                From: John Doe <jdoe@machine.example>
                To: Mary Smith <mary@example.net>
                Subject: Saying Hello
                Date: Fri, 21 Nov 1997 09:55:06 -0600
                Message-ID: <1234@local.machine.example>

                This is a message just to say hello.
                So, "Hello".
                """,
            from: ["John Doe|jdoe@machine.example"], to: ["Mary Smith|mary@example.net"], date: 880_127_706_000, subject: "Saying Hello",
            messageID: "<1234@local.machine.example>", fieldCount: 5),
        RFC5322Example(
            section: "A.1.1 with sender",
            text: """
                From: John Doe <jdoe@machine.example>
                Sender: Michael Jones <mjones@machine.example>
                To: Mary Smith <mary@example.net>
                Subject: Saying Hello
                Date: Fri, 21 Nov 1997 09:55:06 -0600
                Message-ID: <1234@local.machine.example>

                This is a message just to say hello.
                So, "Hello".
                """,
            from: ["John Doe|jdoe@machine.example"], to: ["Mary Smith|mary@example.net"], date: 880_127_706_000, subject: "Saying Hello",
            messageID: "<1234@local.machine.example>", fieldCount: 6),
        RFC5322Example(
            section: "A.1.2",
            text: """
                From: "Joe Q. Public" <john.q.public@example.com>
                To: Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>
                Cc: <boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>
                Date: Tue, 1 Jul 2003 10:52:37 +0200
                Message-ID: <5678.21-Nov-1997@example.com>

                Hi everyone.
                """,
            from: ["Joe Q. Public|john.q.public@example.com"], to: ["Mary Smith|mary@x.test", "|jdoe@example.org", "Who?|one@y.test"],
            cc: ["|boss@nil.test", "Giant; \"Big\" Box|sysservices@example.net"], date: 1_057_049_557_000, subject: nil,
            messageID: "<5678.21-Nov-1997@example.com>", fieldCount: 5),
        RFC5322Example(
            section: "A.1.3",
            text: """
                From: Pete <pete@silly.example>
                To: A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;
                Cc: Undisclosed recipients:;
                Date: Thu, 13 Feb 1969 23:32:54 -0330
                Message-ID: <testabcd.1234@silly.example>

                Testing.
                """,
            from: ["Pete|pete@silly.example"], to: ["Ed Jones|c@a.test", "|joe@where.test", "John|jdoe@one.test"], date: -27_723_426_000,
            subject: nil, messageID: "<testabcd.1234@silly.example>", fieldCount: 5),
        RFC5322Example(
            section: "A.2 reply",
            text: """
                From: Mary Smith <mary@example.net>
                To: John Doe <jdoe@machine.example>
                Reply-To: "Mary Smith: Personal Account" <smith@home.example>
                Subject: Re: Saying Hello
                Date: Fri, 21 Nov 1997 10:01:10 -0600
                Message-ID: <3456@example.net>
                In-Reply-To: <1234@local.machine.example>
                References: <1234@local.machine.example>

                This is a reply to your hello.
                """,
            from: ["Mary Smith|mary@example.net"], to: ["John Doe|jdoe@machine.example"], date: 880_128_070_000, subject: "Re: Saying Hello",
            messageID: "<3456@example.net>", fieldCount: 8),
        RFC5322Example(
            section: "A.2 reply to the reply",
            text: """
                To: "Mary Smith: Personal Account" <smith@home.example>
                From: John Doe <jdoe@machine.example>
                Subject: Re: Saying Hello
                Date: Fri, 21 Nov 1997 11:00:00 -0600
                Message-ID: <abcd.1234@local.machine.test>
                In-Reply-To: <3456@example.net>
                References: <1234@local.machine.example> <3456@example.net>

                This is a reply to your reply.
                """,
            from: ["John Doe|jdoe@machine.example"], to: ["Mary Smith: Personal Account|smith@home.example"], date: 880_131_600_000,
            subject: "Re: Saying Hello", messageID: "<abcd.1234@local.machine.test>", fieldCount: 7),
        RFC5322Example(
            section: "A.3",
            text: """
                Resent-From: Mary Smith <mary@example.net>
                Resent-To: Jane Brown <j-brown@other.example>
                Resent-Date: Mon, 24 Nov 1997 14:22:01 -0800
                Resent-Message-ID: <78910@example.net>
                From: John Doe <jdoe@machine.example>
                To: Mary Smith <mary@example.net>
                Subject: Saying Hello
                Date: Fri, 21 Nov 1997 09:55:06 -0600
                Message-ID: <1234@local.machine.example>

                This is a message just to say hello.
                So, "Hello".
                """,
            from: ["John Doe|jdoe@machine.example"], to: ["Mary Smith|mary@example.net"], date: 880_127_706_000, subject: "Saying Hello",
            messageID: "<1234@local.machine.example>", fieldCount: 9),
        RFC5322Example(
            section: "A.4",
            text: """
                Received: from x.y.test
                   by example.net
                   via TCP
                   with ESMTP
                   id ABC12345
                   for <mary@example.net>;  21 Nov 1997 10:05:43 -0600
                Received: from node.example by x.y.test; 21 Nov 1997 10:01:22 -0600
                From: John Doe <jdoe@node.example>
                To: Mary Smith <mary@example.net>
                Subject: Saying Hello
                Date: Fri, 21 Nov 1997 09:55:06 -0600
                Message-ID: <1234@local.node.example>

                This is a message just to say hello.
                So, "Hello".
                """,
            from: ["John Doe|jdoe@node.example"], to: ["Mary Smith|mary@example.net"], date: 880_127_706_000, subject: "Saying Hello",
            messageID: "<1234@local.node.example>", fieldCount: 7),
        RFC5322Example(
            section: "A.5",
            text: """
                From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>
                To:A Group(Some people)
                     :Chris Jones <c@(Chris's host.)public.example>,
                         joe@example.org,
                  John <jdoe@one.test> (my dear friend); (the end of the group)
                Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;
                Date: Thu,
                      13
                        Feb
                          1969
                      23:32
                               -0330 (Newfoundland Time)
                Message-ID:              <testabcd.1234@silly.test>

                Testing.
                """,
            from: ["Pete|pete@silly.test"], to: ["Chris Jones|c@public.example", "|joe@example.org", "John|jdoe@one.test"],
            date: -27_723_480_000, subject: nil, messageID: "<testabcd.1234@silly.test>", fieldCount: 5),
        RFC5322Example(
            section: "A.6.1",
            text: """
                From: Joe Q. Public <john.q.public@example.com>
                To: Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example
                Date: Tue, 1 Jul 2003 10:52:37 +0200
                Message-ID: <5678.21-Nov-1997@example.com>

                Hi everyone.
                """,
            from: ["Joe Q. Public|john.q.public@example.com"], to: ["Mary Smith|mary@example.net", "|jdoe@test.example"],
            date: 1_057_049_557_000, subject: nil, messageID: "<5678.21-Nov-1997@example.com>", fieldCount: 4),
        RFC5322Example(
            section: "A.6.2",
            text: """
                From: John Doe <jdoe@machine.example>
                To: Mary Smith <mary@example.net>
                Subject: Saying Hello
                Date: 21 Nov 97 09:55:06 GMT
                Message-ID: <1234@local.machine.example>

                This is a message just to say hello.
                So, "Hello".
                """,
            from: ["John Doe|jdoe@machine.example"], to: ["Mary Smith|mary@example.net"], date: 880_106_106_000, subject: "Saying Hello",
            messageID: "<1234@local.machine.example>", fieldCount: 5),
        RFC5322Example(
            section: "A.6.3",
            text: """
                From  : John Doe <jdoe@machine(comment).  example>
                To    : Mary Smith
                \u{20}\u{20}
                          <mary@example.net>
                Subject     : Saying Hello
                Date  : Fri, 21 Nov 1997 09(comment):   55  :  06 -0600
                Message-ID  : <1234   @   local(blah)  .machine .example>

                This is a message just to say hello.
                So, "Hello".
                """,
            from: ["John Doe|jdoe@machine.example"], to: ["Mary Smith|mary@example.net"], date: 880_127_706_000, subject: "Saying Hello",
            messageID: "<1234   @   local(blah)  .machine .example>", fieldCount: 5),
    ]
}
