internal import HTTPTypes
internal import SESModel

/// The header fields of every answer of the API.
enum ResponseHead {
    static let requestID = HTTPField.Name("x-amzn-RequestId")
    static let errorType = HTTPField.Name("x-amzn-ErrorType")

    /// - Parameter error: nil for a success.
    static func fields(requestID: String, error: SESError?, contentLength: Int) -> HTTPFields {
        var fields = HTTPFields()
        fields[.contentType] = "application/json"
        fields[.contentLength] = String(contentLength)
        if let name = Self.requestID { fields[name] = requestID }
        if let error, let name = Self.errorType { fields[name] = error.kind.rawValue }
        return fields
    }
}
