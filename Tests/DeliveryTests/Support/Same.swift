import Testing

/// `#expect` for values that a mutating call returns, which the macro cannot take.
func same<Value: Equatable>(_ value: Value, _ wanted: Value, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(value == wanted, sourceLocation: sourceLocation)
}

/// As ``same(_:_:sourceLocation:)``, of a condition.
func holds(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(condition, sourceLocation: sourceLocation)
}
