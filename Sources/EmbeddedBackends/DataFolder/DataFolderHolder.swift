/// The process that has a data folder open, as another process sees it.
package struct DataFolderHolder: Hashable, Sendable {
    /// Its process id; nil in the moment between taking the lock and writing the id.
    package var processID: Int32?
    /// Where it listens for commands, in a form that fits a socket address; nothing may listen there yet.
    package var controlSocketPath: String

    package init(processID: Int32?, controlSocketPath: String) {
        self.processID = processID
        self.controlSocketPath = controlSocketPath
    }
}
