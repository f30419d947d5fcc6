#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin.C
#endif

/// What processes use, read from `/proc`.
package struct ProcessUse: Sendable, Hashable {
    /// User and system time, that of children that have ended and were waited for included.
    package var cpuSeconds = 0.0
    package var residentOctets = 0

    package init() {}
}

/// Processes with all that they started.
package enum ProcessTree {
    private struct Entry {
        var process: Int32
        var parent: Int32
        var session: Int32
        var ticks: Int
        var pages: Int
        /// Whether it has ended and its parent has not asked how.
        var hasEnded: Bool
    }

    /// Live processes that are among those given, descend from one of them, or are in a session that one of them leads.
    package static func members(of roots: [Int32]) -> [Int32] {
        select(roots).filter { !$0.hasEnded }.map(\.process)
    }

    /// What they use together. A process that ended without being waited for by one of them is counted only when it was in a
    /// ``ControlGroup``.
    package static func use(of roots: [Int32]) -> ProcessUse {
        let groups = Set(roots.compactMap(ControlGroup.init(of:)))
        let entries = select(roots)
        let others = groups.isEmpty ? entries : entries.filter { entry in ControlGroup(of: entry.process).map { !groups.contains($0) } ?? true }
        var use = ProcessUse()
        use.cpuSeconds = Double(others.reduce(0) { $0 + $1.ticks }) / Double(max(sysconf(CInt(_SC_CLK_TCK)), 1))
        use.cpuSeconds += groups.reduce(0) { $0 + ($1.cpuSeconds ?? 0) }
        use.residentOctets = entries.reduce(0) { $0 + $1.pages } * Int(sysconf(CInt(_SC_PAGESIZE)))
        return use
    }

    /// This process.
    static var own: Int32 { getpid() }

    /// What this process uses, without what it started.
    static func ownUse() -> ProcessUse {
        var use = ProcessUse()
        guard let entry = entry(getpid()) else { return use }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        use.cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        use.residentOctets = entry.pages * Int(sysconf(CInt(_SC_PAGESIZE)))
        return use
    }

    private static func select(_ roots: [Int32]) -> [Entry] {
        guard !roots.isEmpty, let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while let item = readdir(folder) {
            let number = withUnsafePointer(to: &item.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { Int32(String(cString: $0)) }
            }
            if let number, let entry = entry(number) { entries.append(entry) }
        }
        var chosen = Set(roots)
        var grew = true
        while grew {
            grew = false
            for entry in entries where !chosen.contains(entry.process) && (chosen.contains(entry.parent) || roots.contains(entry.session)) {
                chosen.insert(entry.process)
                grew = true
            }
        }
        return entries.filter { chosen.contains($0.process) }
    }

    /// `/proc/PID/stat`; nil for a process that is gone.
    private static func entry(_ process: Int32) -> Entry? {
        guard let text = read("/proc/\(process)/stat"), let close = text.lastIndex(of: 0x29) else { return nil }
        // Behind the name in parentheses, which may hold anything: state is the first field.
        let fields = text[(close + 1)...].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
        guard fields.count > 21, let parent = Int32(fields[1]), let session = Int32(fields[3]), let pages = Int(fields[21]) else { return nil }
        let ticks = (11...14).reduce(0) { $0 + (Int(fields[$1]) ?? 0) }
        let hasEnded = ["Z", "X"].contains(fields[0])
        return Entry(process: process, parent: parent, session: session, ticks: ticks, pages: hasEnded ? 0 : pages, hasEnded: hasEnded)
    }

    private static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 2_048)
        let count = Glibc.read(file, &buffer, buffer.count)
        return count > 0 ? Array(buffer[..<count]) : nil
    }
}
