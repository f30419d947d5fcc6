@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// libFuzzer's loop over one function.
package enum FuzzDriver {
    /// SwiftPM renames the entry point of executables, so libFuzzer's own `main` is not found; its driver is called instead.
    ///
    /// - Parameter test: gets each input, returns 0.
    package static func run(_ test: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt) {
        var argumentCount = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        _ = runDriver(&argumentCount, &arguments, test)
    }
}
