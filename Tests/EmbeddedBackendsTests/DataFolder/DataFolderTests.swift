import EmbeddedBackends
import Foundation
import Testing

@Suite struct DataFolderTests {
    @Test func createsAPrivateFolderWithAFormat() throws {
        let temporary = try TemporaryFolder()
        let path = "\(temporary.path)/deep/er/data"
        let folder = try DataFolder.open(path)
        #expect(try temporary.mode("deep/er/data") == 0o700)
        #expect(try temporary.names("deep/er/data") == ["bodies", "bus", "format", "lock", "state", "throttling"])
        for name in ["format", "lock"] { #expect(try temporary.mode("deep/er/data/\(name)") == 0o600) }
        for name in ["bodies", "bus", "state", "throttling"] { #expect(try temporary.mode("deep/er/data/\(name)") == 0o700) }
        #expect(try String(contentsOfFile: "\(path)/format", encoding: .utf8) == "\(DataFolder.formatVersion)\n")
        #expect(folder.controlSocketPath == "\(path)/control.sock")
    }

    @Test func asSecondOpenIsRefusedAndNamesTheProcess() throws {
        let temporary = try TemporaryFolder()
        let path = "\(temporary.path)/data"
        let folder = try DataFolder.open(path)
        let error = #expect(throws: DataFolderError.self) { _ = try DataFolder.open(path) }
        #expect(error?.code == .locked)
        #expect(error?.holder == DataFolderHolder(processID: getpid(), controlSocketPath: "\(path)/control.sock"))
        #expect(error?.message.contains("process \(getpid())") == true)
        #expect(try DataFolder.holder(of: path)?.processID == getpid())
        withExtendedLifetime(folder) {}
    }

    @Test func aFolderIsFreeAgainWhenItsHolderGoes() throws {
        let temporary = try TemporaryFolder()
        let path = "\(temporary.path)/data"
        do { _ = try DataFolder.open(path) }
        #expect(try DataFolder.holder(of: path) == nil)
        let again = try DataFolder.open(path)
        #expect(try DataFolder.holder(of: path) != nil)
        withExtendedLifetime(again) {}
    }

    /// Another process, killed without a chance to clean up.
    @Test func theLockOfAnotherProcessIsSeenAndEndsWithIt() throws {
        let temporary = try TemporaryFolder()
        let path = "\(temporary.path)/data"
        do { _ = try DataFolder.open(path) }
        let child = Process()
        child.executableURL = URL(filePath: "/usr/bin/flock")
        child.arguments = ["--no-fork", "\(path)/lock", "sh", "-c", "echo $$ > '\(path)/lock'; echo ready; exec sleep 600"]
        let output = Pipe()
        child.standardOutput = output
        try child.run()
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "ready\n")
        let error = #expect(throws: DataFolderError.self) { _ = try DataFolder.open(path) }
        #expect(error?.holder?.processID == child.processIdentifier)
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        _ = try DataFolder.open(path)
    }

    @Test(arguments: [0o750, 0o701, 0o770, 0o777, 0o704]) func aFolderThatOthersMayEnterIsRefused(mode: Int) throws {
        let temporary = try TemporaryFolder()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: temporary.path)
        let error = #expect(throws: DataFolderError.self) { _ = try DataFolder.open(temporary.path) }
        #expect(error?.code == .notPrivate)
        #expect(error?.message.contains("chmod 700 \(temporary.path)") == true)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder away")) func aFolderOfAnotherUserIsRefused() throws {
        let temporary = try TemporaryFolder()
        #expect(chown(temporary.path, 12_345, 12_345) == 0)
        let error = #expect(throws: DataFolderError.self) { _ = try DataFolder.open(temporary.path) }
        #expect(error?.code == .wrongOwner)
        #expect(error?.message.contains("12345") == true)
    }

    @Test func aNewerFolderIsRefusedWithBothVersions() throws {
        let temporary = try TemporaryFolder()
        let path = "\(temporary.path)/data"
        do { _ = try DataFolder.open(path) }
        try "4711\n".write(toFile: "\(path)/format", atomically: true, encoding: .utf8)
        let error = #expect(throws: DataFolderError.self) { _ = try DataFolder.open(path) }
        #expect(error?.code == .newerFormat)
        #expect(error?.message.contains("4711") == true)
        #expect(error?.message.contains("up to \(DataFolder.formatVersion)") == true)
    }

    @Test(arguments: ["", "\n", "x\n", "-1\n", "99999999999999999999\n", String(repeating: "1", count: 100)])
    func aDamagedVersionIsRefused(text: String) throws {
        let temporary = try TemporaryFolder()
        let path = "\(temporary.path)/data"
        do { _ = try DataFolder.open(path) }
        try text.write(toFile: "\(path)/format", atomically: true, encoding: .utf8)
        let error = #expect(throws: DataFolderError.self) { _ = try DataFolder.open(path) }
        #expect(error?.code == .unavailable)
    }

    @Test func somebodyElsesFolderIsRefused() throws {
        let temporary = try TemporaryFolder()
        try "x".write(toFile: "\(temporary.path)/thesis.tex", atomically: true, encoding: .utf8)
        let error = #expect(throws: DataFolderError.self) { _ = try DataFolder.open(temporary.path) }
        #expect(error?.code == .notADataFolder)
        #expect(try temporary.names() == ["thesis.tex"])
    }

    /// A crash between the first steps leaves some of them done.
    @Test func aHalfMadeFolderIsFinished() throws {
        let temporary = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: "\(temporary.path)/bus", withIntermediateDirectories: false)
        try "".write(toFile: "\(temporary.path)/format.new", atomically: false, encoding: .utf8)
        _ = try DataFolder.open(temporary.path)
        #expect(try temporary.names().contains("format"))
    }

    @Test func whatIsNoFolderIsRefused() throws {
        let temporary = try TemporaryFolder()
        try "x".write(toFile: "\(temporary.path)/file", atomically: true, encoding: .utf8)
        for path in ["\(temporary.path)/file", "\(temporary.path)/file/below", ""] {
            let error = #expect(throws: DataFolderError.self) { _ = try DataFolder.open(path) }
            #expect(error?.code == .unavailable)
        }
    }
}
