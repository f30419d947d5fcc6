import ApusCore

/// Ids that systems answer with, as records keep them.
package enum MessageIDHash {
    package static func hash(_ id: some Collection<UInt8>) -> UInt64 {
        Array(id).withUnsafeBytes { XXHash64.hash($0) }
    }
}
