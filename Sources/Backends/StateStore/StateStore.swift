/// What must be kept and asked for: accounts, keys, identities, configuration sets, …
///
/// A store of small documents (at most ``StateEntry/maximumBytes`` each) under (collection, scope, name). Guarantees:
///
/// * a returned write is durable;
/// * ``write(_:)`` is atomic: all mutations or none;
/// * preconditions are checked in the same transaction as the write: unique create, compare-and-set by version;
/// * pages are in byte order of the name and miss nothing that existed during the whole listing;
/// * the change feed names every write once, in commit order, from any position that is still kept.
package protocol StateStore: Sendable {
    /// The entry under a key, or nil.
    func get(_ key: StateKey) async throws -> StateEntry?

    /// A page of the entries of one collection and scope.
    ///
    /// - Parameters:
    ///   - collection: the kind of document.
    ///   - scope: the owner, an account id or `""` for the installation; nil for all owners, ordered by scope then name.
    ///   - after: the key of the last entry of the page before, or nil for the first page.
    ///   - limit: 1…1000.
    func list(collection: String, scope: String?, after: StateKey?, limit: Int) async throws -> [StateEntry]

    /// Carries out mutations, all or none.
    ///
    /// - Returns: the entries written, in order; nil for a deletion.
    /// - Throws: ``StateError`` with ``StateError/Code/alreadyExists``, ``StateError/Code/notFound`` or
    ///   ``StateError/Code/conflict``, naming the index of the first mutation whose precondition failed.
    @discardableResult
    func write(_ mutations: [StateMutation]) async throws -> [StateEntry?]

    /// The writes after a position, oldest first.
    ///
    /// - Parameters:
    ///   - position: the position of the last change seen; 0 for the beginning.
    ///   - limit: 1…1000.
    /// - Throws: ``StateError`` with ``StateError/Code/positionGone`` when changes after `position` are no longer kept: list
    ///   everything again and follow from ``latestPosition()``, taken before the listing.
    func changes(after position: Int64, limit: Int) async throws -> [StateChange]

    /// The position of the newest change; 0 when there was none.
    func latestPosition() async throws -> Int64

    /// Waits until there is a change after `position`, or `timeout` has passed.
    func waitForChange(after position: Int64, timeout: Duration) async throws

    /// Lets go of files and connections. Idempotent.
    func close() async
}
