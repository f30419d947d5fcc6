/// One operation of the API as data: routing, decoding, validation, errors and limits follow from it.
package struct Operation: Sendable {
    /// The name in the service model, such as `SendEmail`.
    package let name: String
    package let method: OperationMethod
    /// The path template, such as `/v2/email/identities/{EmailIdentity}`. A label is a whole segment and a member of ``input`` at
    /// ``Member/Location/path``.
    package let path: String
    package let input: StructureShape
    package let output: StructureShape
    /// The errors that the service model names for the operation; what is common to all operations is not listed.
    package let errors: Set<SESError.Kind>
    /// The largest request body in bytes.
    package let maximumBodyBytes: Int

    /// Bodies of operations that carry no mail: fifty tags and every option fit several times.
    package static let defaultMaximumBodyBytes = 256 << 10

    package init(
        name: String, method: OperationMethod, path: String, input: StructureShape, output: StructureShape,
        errors: Set<SESError.Kind>, maximumBodyBytes: Int = Operation.defaultMaximumBodyBytes
    ) {
        self.name = name
        self.method = method
        self.path = path
        self.input = input
        self.output = output
        self.errors = errors
        self.maximumBodyBytes = maximumBodyBytes
    }
}
