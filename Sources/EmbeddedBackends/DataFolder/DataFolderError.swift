/// Why a data folder could not be opened.
package struct DataFolderError: Error, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// Others may read, write or enter the folder.
        case notPrivate
        /// The folder belongs to another user.
        case wrongOwner
        /// Another process has the folder open: ``DataFolderError/holder`` says which.
        case locked
        /// A newer version of this program has written it.
        case newerFormat
        /// There are other things in it.
        case notADataFolder
        /// The file system refuses.
        case unavailable
    }

    package var code: Code
    /// What is wrong, and what to do.
    package var message: String
    /// The process that has the folder, where ``code`` is ``Code/locked``.
    package var holder: DataFolderHolder?
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, holder: DataFolderHolder? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.holder = holder
        self.cause = cause
    }

    package var description: String { self.message }
}
