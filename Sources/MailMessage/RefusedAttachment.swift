/// Names of attachments that SES does not take, whatever they contain: programs and what mail programs would run or follow.
package enum RefusedAttachment {
    /// SES's published list, without the dots.
    private static let extensions: Set<String> = Set(
        """
        ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh lib lnk mad maf mag mam \
        maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml msi msp mst ops pcd pif plg prf prg \
        reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs vps vsmacros vss vst vsw vxd ws wsc wsf wsh xnk
        """.split(separator: " ").map(String.init))

    /// Whether a file of this name is refused. Trailing dots and blanks do not hide an extension: systems that open the file drop them.
    package static func isRefused(_ fileName: String) -> Bool {
        var name = fileName.utf8[...]
        while let last = name.last, last == UInt8(ascii: ".") || last == UInt8(ascii: " ") { name.removeLast() }
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return false }
        let ending = name[name.index(after: dot)...]
        guard (1...8).contains(ending.count) else { return false }
        return Self.extensions.contains(String(decoding: ending.map { ASCII.lowercased($0) }, as: UTF8.self))
    }

    /// The first file name in the message that is refused, wherever it is nested.
    package static func firstName(in structure: MIMEStructure) -> String? {
        structure.parts.lazy.compactMap(\.fileName).first(where: Self.isRefused)
    }
}
