internal import Backends
internal import FoundationEssentials

/// The form of a kind of document in the state store: JSON, `{"schema": 1, "document": {…}}`.
///
/// Stored forms are apart from the values that the program works with, so that those may change. A field that is added is optional,
/// none is ever given another meaning, and what cannot be expressed so gets the next schema number; older numbers are read forever.
protocol StoredDocument: Codable, Sendable {
    /// The collection that the documents are in.
    static var collection: String { get }
    /// The newest schema number, which is written.
    static var schema: Int { get }
}

extension StoredDocument {
    static var schema: Int { 1 }

    /// The document as bytes.
    ///
    /// - Throws: ``ControlPlaneError``.
    func encoded() throws(ControlPlaneError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(DocumentEnvelope(schema: Self.schema, document: self)))
        } catch {
            throw ControlPlaneError(.invalid, "a value cannot be stored", cause: error)
        }
    }

    /// Reads a document.
    ///
    /// - Throws: ``ControlPlaneError`` with ``ControlPlaneError/Code/unreadable`` for one that is damaged or newer than this program.
    static func decoded(_ entry: StateEntry) throws(ControlPlaneError) -> Self {
        let data = Data(entry.value)
        do {
            let schema = try JSONDecoder().decode(DocumentHeader.self, from: data).schema
            guard schema <= Self.schema else {
                throw ControlPlaneError(
                    .unreadable,
                    "a document of collection \(Self.collection) has schema \(schema), and this program knows up to \(Self.schema)"
                )
            }
            return try JSONDecoder().decode(DocumentEnvelope<Self>.self, from: data).document
        } catch let error as ControlPlaneError {
            throw error
        } catch {
            throw ControlPlaneError(.unreadable, "a document of collection \(Self.collection) is damaged", cause: error)
        }
    }
}

private struct DocumentHeader: Codable {
    let schema: Int
}

private struct DocumentEnvelope<Document: Codable>: Codable {
    let schema: Int
    let document: Document
}
