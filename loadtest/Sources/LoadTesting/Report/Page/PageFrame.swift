/// What every page has around its content: one file that needs nothing else, not even a network.
enum PageFrame {
    static func html(title: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(HTMLText.escape(title))</title>
        <style>
        \(PageStyle.css)
        </style>
        </head>
        <body>
        <main>
        \(body)</main>
        <script>
        \(PageScript.javaScript)
        </script>
        </body>
        </html>

        """
    }

    /// Name, verdict in words and colour, and one sentence.
    static func header(kind: String, title: String, held: Bool?, verdict: String, summary: String) -> String {
        let tone = held.map { $0 ? "good" : "bad" } ?? "quiet"
        var out = "<header>\n<p class=\"kind\">\(HTMLText.escape(kind))</p>\n<h1>\(HTMLText.escape(title))</h1>\n"
        if !summary.isEmpty { out += "<p class=\"summary\">\(HTMLText.escape(summary))</p>\n" }
        return out + "<p class=\"verdict \(tone)\">\(HTMLText.escape(verdict))</p>\n</header>\n"
    }

    /// Names and what belongs to them. A pair without a value is left out.
    static func facts(_ pairs: [(String, String)]) -> String {
        let shown = pairs.filter { !$0.1.isEmpty }
        guard !shown.isEmpty else { return "" }
        return "<dl class=\"facts\">\n"
            + shown.map { "<div><dt>\(HTMLText.escape($0.0))</dt><dd>\(HTMLText.escape($0.1))</dd></div>\n" }.joined() + "</dl>\n"
    }

    /// Large numbers in a row.
    static func figures(_ figures: [(name: String, value: String, isBad: Bool)]) -> String {
        "<dl class=\"figures\">\n"
            + figures.map { figure in
                "<div\(figure.isBad ? " class=\"bad\"" : "")><dt>\(HTMLText.escape(figure.name))</dt><dd>\(HTMLText.escape(figure.value))</dd></div>\n"
            }.joined() + "</dl>\n"
    }

    /// A warning that must not be overlooked: a heading in words, and the rest.
    static func warning(_ heading: String, _ text: String) -> String {
        "<p class=\"warning\" role=\"note\"><strong>\(HTMLText.escape(heading))</strong> \(HTMLText.escape(text))</p>\n"
    }

    static func section(_ heading: String, _ content: String) -> String {
        content.isEmpty ? "" : "<section>\n<h2>\(HTMLText.escape(heading))</h2>\n\(content)</section>\n"
    }

    static func paragraph(_ text: String) -> String {
        "<p class=\"prose\">\(HTMLText.escape(text))</p>\n"
    }

    static func list(_ items: [String]) -> String {
        items.isEmpty ? "" : "<ul class=\"prose\">" + items.map { "<li>\(HTMLText.escape($0))</li>" }.joined() + "</ul>\n"
    }

    /// `2 cores of AMD EPYC, 23.4 GiB memory, Linux 6.1.0`.
    static func machine(_ machine: LoadReport.Machine) -> String {
        let processor = machine.processor.isEmpty ? "" : " of \(machine.processor)"
        return "\(ReportNumbers.counted(machine.cores, "core"))\(processor), \(ReportNumbers.octets(machine.memoryOctets)) memory, \(machine.kernel)"
    }

    static func facts(of system: MailSystemDescription) -> [(String, String)] {
        [("Entrance", system.entrance), ("Before it acknowledges", system.durability), ("Signing", system.signing)]
    }
}
