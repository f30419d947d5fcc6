import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

extension LoadReport.Machine {
    /// This machine.
    package static func current() -> LoadReport.Machine {
        var name = utsname()
        uname(&name)
        let kernel = withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return LoadReport.Machine(
            cores: max(Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))), 1), processor: value(of: "model name", in: "/proc/cpuinfo") ?? "unknown",
            memoryOctets: Int(sysconf(CInt(_SC_PHYS_PAGES))) * Int(sysconf(CInt(_SC_PAGESIZE))), kernel: kernel)
    }

    private static func value(of key: String, in path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasPrefix(key) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return nil
    }
}
