import MailSink
import Testing

@Suite struct LinkTests {
    private func links(_ html: String) -> HTMLLinks { HTMLLinks(Array(html.utf8)) }

    @Test(arguments: [
        (#"<img src="https://t.test/o/1"><a href='http://t.test/c/1'>x</a>"#, ["https://t.test/o/1"], ["http://t.test/c/1"]),
        (#"<IMG alt="a>b" SRC = HTTPS://T.test/o ><A class=x HREF=http://t.test/c>"#, ["HTTPS://T.test/o"], ["http://t.test/c"]),
        (
            #"<img/src="https://t.test/o"/><a href="https://t.test/?a=1&amp;b=2&#38;c&#x3d;3&nbsp;">"#, ["https://t.test/o"],
            ["https://t.test/?a=1&b=2&c=3&nbsp;"]
        ),
        (#"<img src="https://t.test/first" src="https://t.test/second">"#, ["https://t.test/first"], []),
        ("<a href=\"\n https://t.test/a\tb\r\n c \">", [], ["https://t.test/ab%20c"]),
        (#"<!-- <img src="https://t.test/no"> --><img src="https://t.test/yes">"#, ["https://t.test/yes"], []),
        (
            #"<script>"<img src='https://t.test/no'>"</script><style><a href=https://t.test/no></style><a href=https://t.test/yes>"#, [],
            ["https://t.test/yes"]
        ),
        (#"<abbr href="https://t.test/no"><image src="https://t.test/no"><a name=x>"#, [], []),
        (
            #"<a href="mailto:a@x.y"><a href="javascript:alert(1)"><a href="/relative"><a href="//t.test/x"><a href="https:///x"><img src="cid:1"><img src="data:,">"#,
            [], []
        ),
        ("<a href=\"https://t.te\u{1}st/\"><a href=\"https://\">", [], []),
        ("<a href=\"https://t.test/ü\">", [], ["https://t.test/ü"]),
        (#"<a href="https://t.test/unclosed"#, [], []), (#"<a href=https://t.test/cut"#, [], []), ("<", [], []), ("<!--", [], []), ("<a", [], []),
        ("<a href", [], []),
        ("<a href=", [], []), ("<a =href=https://t.test/x>", [], []), ("<img src=&#1114112;&#xFFFFFFFFFF;&#;&#x;>", [], []),
        (#"<a title="<img src='https://t.test/no'>" href="https://t.test/yes">"#, [], ["https://t.test/yes"]),
    ])
    func html(_ html: String, _ images: [String], _ links: [String]) {
        let found = self.links(html)
        #expect(found.images == images)
        #expect(found.links == links)
    }

    /// Cut anywhere it neither traps nor finds what is not there.
    @Test func everyPrefix() {
        let html = Array(
            #"x<!--c--><script>s</script><img alt='"' src="https://t.test/o?a&amp;b&#38;"><a  href = 'https://t.test/c' x>y</a><p/></a"#.utf8)
        for length in 0...html.count {
            let found = HTMLLinks(Array(html.prefix(length)))
            #expect(found.images.isEmpty || found.images == ["https://t.test/o?a&b&"])
            #expect(found.links.isEmpty || found.links == ["https://t.test/c"])
        }
    }

    /// Each of these would take hours if anything were looked at again and again.
    @Test(arguments: [
        "<", "<a ", "<!--", "<script>", "<a href=\"", "<img src=https://t.test/&", "<script></scrip", "<a href='https://t.test/x'>", "&#x", "<a/",
    ])
    func hostileRepetition(_ piece: String) {
        let found = links(String(repeating: piece, count: (1 << 20) / piece.utf8.count))
        #expect(found.images.count <= HTMLLinks.maximumCount && found.links.count <= HTMLLinks.maximumCount)
    }

    @Test func longAddressesAreLeftOut() {
        let long = "https://t.test/" + String(repeating: "x", count: HTMLLinks.maximumLength)
        #expect(links("<a href=\"\(long)\"><a href=https://t.test/short>").links == ["https://t.test/short"])
    }

    @Test func messages() {
        let html = "<a href=3D\"https://t.test/c=\r\n/1\"><img src=3D'https://t.test/o'>"
        let message = """
            Subject: x\r
            MIME-Version: 1.0\r
            Content-Type: multipart/alternative; boundary=b\r
            \r
            --b\r
            Content-Type: text/plain\r
            \r
            <a href="https://t.test/text">\r
            --b\r
            Content-Type: text/html; charset=utf-8\r
            Content-Transfer-Encoding: quoted-printable\r
            \r
            \(html)\r
            --b\r
            Content-Type: text/html\r
            Content-Disposition: attachment; filename=x.html\r
            \r
            <a href="https://t.test/attached">\r
            --b--\r

            """
        let found = MessageLinks.find(in: Array(message.utf8))
        #expect(found.links == ["https://t.test/c/1"])
        #expect(found.images == ["https://t.test/o"])
        #expect(MessageLinks.find(in: []) == HTMLLinks())
        #expect(MessageLinks.find(in: [0, 0, 10, 10]) == HTMLLinks())
        let line = String(repeating: "x", count: 5_000)
        #expect(MessageLinks.find(in: Array("Content-Type: text/html\r\n\r\n\(line)<a href=http://t.test/>\r\n".utf8)).links == ["http://t.test/"])
    }
}
