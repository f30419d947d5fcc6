/// Bounds within which raw messages are read. The defaults are those of SES where SES states one.
package struct MessageLimits: Hashable, Sendable {
    /// Octets of one line without its CRLF.
    package var lineLength = 998
    /// Octets of one header section.
    package var headerBytes = 256 * 1024
    /// Fields of one header section.
    package var headerFields = 2000
    /// MIME parts of the whole message, multiparts counted, the message itself not.
    package var parts = 500
    /// Nesting of multiparts and enclosed messages.
    package var depth = 32

    package init() {}
}
