import Foundation

/// Collects the raw settings (flags, then `APUS_…` variables, then one JSON file; the first that names a setting wins), and gives them
/// out typed. Problems are gathered, not thrown one by one: ``finish()`` reports them all.
struct SettingsReader {
    private let keys: [String: SettingKey]
    private var values: [String: (text: String, source: String)] = [:]
    private var problems: [String] = []

    /// - Parameters:
    ///   - keys: every setting there is.
    ///   - flags: settings given on the command line, by name.
    ///   - environment: the process's environment.
    ///   - file: a path of a JSON file of nested objects, or nil.
    init(keys: [SettingKey], flags: [String: String], environment: [String: String], file: String?) {
        self.keys = Dictionary(uniqueKeysWithValues: keys.map { ($0.name, $0) })
        if let file { self.read(file: file) }
        let variables = Dictionary(uniqueKeysWithValues: keys.map { ($0.environmentName, $0.name) })
        for (variable, text) in environment where variable.hasPrefix("APUS_") && !Self.isForDevelopers(variable) {
            if let name = variables[variable] {
                self.values[name] = (text, "variable \(variable)")
            } else {
                self.problems.append("variable \(variable) names no setting\(Self.suggestion(for: variable, among: variables.keys))")
            }
        }
        for (name, text) in flags {
            self.values[name] = (text, "the command line")
        }
    }

    /// Throws everything that was wrong.
    func finish() throws {
        guard self.problems.isEmpty else { throw SettingsError(problems: self.problems.sorted()) }
    }

    /// Notes a problem that only the caller can see.
    mutating func report(_ problem: String) {
        self.problems.append(problem)
    }

    mutating func text(_ name: String) -> String? {
        self.raw(name)?.text
    }

    mutating func flag(_ name: String) -> Bool {
        self.convert(name) { text, _ in text == "true" ? true : text == "false" ? false : nil } ?? false
    }

    mutating func integer(_ name: String) -> Int? {
        self.convert(name) { text, kind in
            guard let number = Int(text), case .integer(let range) = kind, range.contains(number) else { return nil }
            return number
        }
    }

    mutating func decimal(_ name: String) -> Double? {
        self.convert(name) { text, kind in
            guard let number = Double(text), case .decimal(let range) = kind, range.contains(number) else { return nil }
            return number
        }
    }

    mutating func duration(_ name: String) -> Duration? {
        self.convert(name) { text, kind in
            guard let value = Duration(settingText: text), case .duration(let range) = kind, range.contains(value) else {
                return nil
            }
            return value
        }
    }

    mutating func bytes(_ name: String) -> Int? {
        self.convert(name) { text, kind in
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            let units = ["": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30]
            guard let number = Int(digits), let unit = units[String(text.dropFirst(digits.count))] else { return nil }
            let (value, overflow) = number.multipliedReportingOverflow(by: unit)
            guard !overflow, case .bytes(let range) = kind, range.contains(value) else { return nil }
            return value
        }
    }

    mutating func choice(_ name: String) -> String? {
        self.convert(name) { text, kind in
            guard case .choice(let words) = kind, words.contains(text) else { return nil }
            return text
        }
    }

    mutating func list(_ name: String) -> [String] {
        guard let raw = self.raw(name), !raw.text.isEmpty else { return [] }
        return raw.text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    mutating func durations(_ name: String) -> [Duration]? {
        self.convert(name) { text, kind in
            guard case .durations(let range) = kind else { return nil }
            let values = text.split(separator: ",").map { Duration(settingText: $0.trimmingCharacters(in: .whitespaces)) }
            guard !values.isEmpty, values.allSatisfy({ $0.map(range.contains) ?? false }) else { return nil }
            return values.compactMap { $0 }
        }
    }

    private func raw(_ name: String) -> (text: String, source: String)? {
        guard let key = self.keys[name] else { preconditionFailure("setting \(name) is not in the table") }
        if let value = self.values[name] { return value }
        return key.defaultValue.map { ($0, "the default") }
    }

    private mutating func convert<Value>(_ name: String, _ body: (String, SettingKey.Kind?) -> Value?) -> Value? {
        guard let raw = self.raw(name) else { return nil }
        if let value = body(raw.text, self.keys[name]?.kind) { return value }
        let shown = self.keys[name]?.kind == .secret ? "its value" : "\"\(raw.text)\""
        self.problems.append("\(name) takes \(self.keys[name]?.kindText ?? "something else"); \(raw.source) gives \(shown)")
        return nil
    }

    private mutating func read(file: String) {
        guard let data = FileManager.default.contents(atPath: file) else {
            self.problems.append("the settings file \(file) cannot be read: check the path and its permissions")
            return
        }
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            self.problems.append("the settings file \(file) is not a JSON object")
            return
        }
        self.flatten(object, prefix: "", file: file)
    }

    private mutating func flatten(_ object: [String: Any], prefix: String, file: String) {
        for (member, value) in object {
            let name = prefix + member
            if let nested = value as? [String: Any] {
                self.flatten(nested, prefix: name + ".", file: file)
            } else if self.keys[name] == nil {
                self.problems.append("\(name) in \(file) is no setting\(Self.suggestion(for: name, among: self.keys.keys))")
            } else if let list = value as? [Any] {
                self.values[name] = (list.map { Self.text(of: $0) }.joined(separator: ","), file)
            } else {
                self.values[name] = (Self.text(of: value), file)
            }
        }
    }

    /// Variables of the build and of the tests, which a server started by them inherits.
    private static func isForDevelopers(_ variable: String) -> Bool {
        variable.hasPrefix("APUS_TEST_") || ["APUS_STRICT", "APUS_SOAK", "APUS_FUZZ", "APUS_BENCH"].contains(variable)
    }

    private static func text(of value: Any) -> String {
        if let text = value as? String { return text }
        guard let number = value as? NSNumber else { return "null" }
        // JSONSerialization gives booleans as NSNumber of C type Bool ("c").
        if String(cString: number.objCType) == "c" { return number.boolValue ? "true" : "false" }
        return number.stringValue
    }

    private static func suggestion(for name: String, among known: some Collection<String>) -> String {
        let nearest = known.map { (name: $0, distance: Self.editDistance(name, $0)) }.min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= max(3, name.utf8.count / 3) else { return "; docs/reference/settings.md lists them" }
        return "; did you mean \(nearest.name)?"
    }

    /// Levenshtein's distance, case folded.
    private static func editDistance(_ left: String, _ right: String) -> Int {
        let a = Array(left.lowercased().utf8)
        let b = Array(right.lowercased().utf8)
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = above
            }
        }
        return row[b.count]
    }
}
