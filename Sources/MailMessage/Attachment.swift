/// A file that goes with a message.
package struct Attachment: Hashable, Sendable {
    package enum Disposition: String, Hashable, Sendable {
        case attachment
        /// Shown within the text; with a content id it becomes part of the HTML's `multipart/related`.
        case inline
    }

    /// The decoded content.
    package var content: [UInt8]
    package var fileName: String
    /// `type/subtype`, parameters allowed; `nil` derives it from the file name's extension.
    package var contentType: String?
    package var disposition: Disposition
    /// With or without angle brackets.
    package var contentID: String?
    /// A wish; content that it cannot carry goes out as base64. `nil` is base64.
    package var transferEncoding: TransferEncoding?
    package var contentDescription: String?

    package init(
        content: [UInt8], fileName: String, contentType: String? = nil, disposition: Disposition = .attachment, contentID: String? = nil,
        transferEncoding: TransferEncoding? = nil, contentDescription: String? = nil
    ) {
        self.content = content
        self.fileName = fileName
        self.contentType = contentType
        self.disposition = disposition
        self.contentID = contentID
        self.transferEncoding = transferEncoding
        self.contentDescription = contentDescription
    }

    /// The media type for a file name; `application/octet-stream` for what is not known.
    static func mediaType(ofFileName name: String) -> String {
        guard let dot = name.utf8.lastIndex(of: ASCII.dot) else { return "application/octet-stream" }
        return mediaTypes[ASCII.lowercased(name.utf8[name.utf8.index(after: dot)...])] ?? "application/octet-stream"
    }

    private static let mediaTypes: [String: String] = [
        "aac": "audio/aac", "avif": "image/avif", "bmp": "image/bmp", "css": "text/css", "csv": "text/csv",
        "doc": "application/msword", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "eml": "message/rfc822", "gif": "image/gif", "gz": "application/gzip", "htm": "text/html", "html": "text/html", "ico": "image/x-icon",
        "ics": "text/calendar", "jpeg": "image/jpeg", "jpg": "image/jpeg", "json": "application/json", "md": "text/markdown",
        "mov": "video/quicktime", "mp3": "audio/mpeg", "mp4": "video/mp4", "mpeg": "video/mpeg",
        "odp": "application/vnd.oasis.opendocument.presentation",
        "ods": "application/vnd.oasis.opendocument.spreadsheet", "odt": "application/vnd.oasis.opendocument.text", "ogg": "audio/ogg",
        "pdf": "application/pdf", "png": "image/png", "ppt": "application/vnd.ms-powerpoint",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation", "rtf": "application/rtf", "svg": "image/svg+xml",
        "tar": "application/x-tar", "tif": "image/tiff", "tiff": "image/tiff", "txt": "text/plain", "vcf": "text/vcard", "wav": "audio/wav",
        "webm": "video/webm", "webp": "image/webp", "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xml": "application/xml", "zip": "application/zip",
    ]
}
