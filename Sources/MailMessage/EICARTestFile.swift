/// The harmless file that stands for a virus in tests (EICAR). It is the only content that is rejected.
package enum EICARTestFile {
    /// Written reversed, so that scanners do not report this program.
    private static let signature = Array("*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\\4[PA@%P!O5X".utf8.reversed())

    /// Whether decoded content begins with the test file; white space before it does not matter.
    package static func begins(_ content: [UInt8]) -> Bool {
        content.drop(while: { ASCII.isFoldingWhiteSpace($0) }).starts(with: signature)
    }

    /// Whether a part of the message is the test file. Decodes the first octets of each part only.
    package static func isContained(in structure: MIMEStructure) -> Bool {
        structure.parts.contains { $0.isLeaf && begins($0.decodedPrefix(256)) }
    }
}
