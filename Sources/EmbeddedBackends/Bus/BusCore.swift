import ApusCore
import Backends
import NIOPosix
import Synchronization

/// What the parts of the embedded bus share.
final class BusCore: Sendable {
    let folder: BusFolder
    let configuration: SegmentBusConfiguration
    let state: Mutex<BusState>
    let queue = WriteQueue()
    let maintenance = MaintenanceSignal()
    /// Threads that read segments; the cooperative pool never waits for the disk.
    let readers: NIOThreadPool
    /// Changes of the catalogue happen one after the other.
    let catalog = AsyncSerializer()
    let writerDone = ThreadEnd()
    let maintenanceDone = ThreadEnd()

    init(folder: BusFolder, configuration: SegmentBusConfiguration, state: sending BusState) {
        self.folder = folder
        self.configuration = configuration
        self.state = Mutex(state)
        self.readers = NIOThreadPool(numberOfThreads: configuration.readerThreads)
    }

    func start() throws {
        self.readers.start()
        let isWriting = OwnedThread.start {
            SegmentWriter(core: self).run()
            self.writerDone.signal()
        }
        let isMaintaining = OwnedThread.start {
            SegmentMaintenance(core: self).run()
            self.maintenanceDone.signal()
        }
        guard isWriting, isMaintaining else { throw BusError(.unavailable, "the system gives no thread for the bus") }
    }

    /// Makes the file of the next hot segment: a spare's blocks where there are some, else newly reserved ones.
    ///
    /// - Throws: ``PosixFailure``, or ``BusError`` with ``BusError/Code/unavailable`` at the configured bound.
    func openHotSegment() throws -> (segment: UInt32, file: SegmentFile) {
        let size = Int64(self.configuration.segmentBytes)
        let maximum = self.configuration.maximumBytes
        let (segment, spare) = try self.state.withLock { state in
            if let maximum, Int64(state.segments.count + 1) * size > maximum {
                throw BusError(.unavailable, "the bus holds as much as it may (\(maximum) bytes); consumers are behind")
            }
            defer { state.nextSegment += 1 }
            return (state.nextSegment, state.spares.popLast())
        }
        let file = try self.createSegment(segment, .hot, from: spare)
        self.state.withLock { $0.segments[segment] = SegmentState(file: file, kind: .hot) }
        return (segment, file)
    }

    /// Makes a segment's file, with its name durable.
    func createSegment(_ segment: UInt32, _ kind: BusFolder.SegmentKind, from spare: String?) throws -> SegmentFile {
        let path = self.folder.segmentPath(segment, kind)
        do {
            if let spare {
                try self.folder.rename(self.folder.file(spare), to: path)
                let file = try SegmentFile(path: path, create: false)
                try self.folder.synchronizeNames()
                return file
            }
            let file = try SegmentFile(path: path, create: true)
            try file.allocate(self.configuration.segmentBytes)
            try file.synchronizeData()
            try self.folder.synchronizeNames()
            return file
        } catch {
            self.folder.remove(path)
            throw error
        }
    }
}
