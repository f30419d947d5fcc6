/// The version of the meaning of the records that this build writes and understands.
package enum SchemaVersion {
    /// Written into every record's `schema` field.
    package static let current: UInt32 = 1
}
