internal import SESModel

/// Does what one operation asks for.
protocol OperationHandler: Sendable {
    /// - Parameters:
    ///   - input: decoded and valid by the operation's shapes.
    ///   - operation: the operation; an output of its shape is expected back.
    ///   - caller: who calls, verified.
    /// - Throws: ``SESError``, or a backend's error, which ``OperationFailure`` translates.
    func handle(_ input: StructureValue, operation: SESModel.Operation, caller: Caller) async throws -> StructureValue
}
