import Glibc

/// What the operating system lets this process have.
enum ProcessLimits {
    /// Raises the number of open files to what the administrator allows. The usual soft limit, 1024, is for programs that use `select`;
    /// connections beyond it would look like faults of the far side.
    static func raiseOpenFiles() {
        var limit = rlimit()
        let files = __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
        guard getrlimit(files, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(files, &limit)
    }
}
