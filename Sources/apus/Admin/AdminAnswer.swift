/// Answers of ``AdminRequest``s other than the events, which are lines as they are.
enum AdminAnswer {
    struct Key: Codable, Sendable {
        var account: String
        var accountID: String
        var accessKeyID: String
        var secretAccessKey: String
        var smtpUsername: String
        var smtpPassword: String
    }

    struct Identity: Codable, Sendable {
        var name: String
        var type: String
        var verification: String
        var verifiedByOperator: Bool
        var error: String?
        var lastCheckedAt: String?
        var dkimStatus: String?
        var dkimTokens: [String]
    }

    struct Records: Codable, Sendable {
        /// In zone-file form.
        var cnames: [String]
        /// What stands behind the CNAMEs, in the DKIM zone.
        var targets: [String]
        /// Instead of both, for operators without a zone of their own.
        var direct: [String]
    }

    struct Pool: Codable, Sendable {
        struct Address: Codable, Sendable {
            var address: String
            var weight: Int
        }

        var name: String
        /// The account's name; nil for the installation.
        var account: String?
        var scalingMode: String
        var addresses: [Address]
        var queue: String
        var isDraining: Bool
        var reroutedTo: String?
    }

    struct Pools: Codable, Sendable {
        var pools: [Pool]
    }

    /// It is done, and there is nothing to say.
    struct Done: Codable, Sendable {}

    struct Queue: Codable, Sendable {
        struct Topic: Codable, Sendable {
            var name: String
            var waiting: Int64
        }

        struct Lane: Codable, Sendable {
            var destinations: [String]
            var site: String
            var waiting: UInt64
            var active: UInt64
            var connections: UInt32
            var deferred: UInt64
            var oldestAcceptedAt: String?
            var lastReply: String
            var lastReplyAt: String?
            var waitsFor: String
        }

        var serverRunning: Bool
        var topics: [Topic]
        var lanes: [Lane]
        var moreWaiting: UInt64
        /// Pools that have mail, which no worker that is alive can deliver.
        var poolsWithoutWorker: [String]
    }

    struct Dead: Codable, Sendable {
        struct Letter: Codable, Sendable {
            /// Where it stood: `TOPIC/PARTITION/OFFSET`.
            var id: String
            var reason: String
            var diedAt: String
            var octets: Int
            /// What its bytes tell; nil where they tell nothing.
            var message: Message?
        }

        struct Message: Codable, Sendable {
            var messageID: String
            var account: String
            var destination: String
            var recipients: [String]
            var pool: String
            var configurationSet: String
            var attempt: UInt32
            var acceptedAt: String?
            var expiresAt: String?
            var lastReply: String
        }

        var letters: [Letter]
    }

    struct Settled: Codable, Sendable {
        var ids: [String]
    }

    /// What went wrong, as a sentence that says what to do.
    struct Failure: Codable, Error, CustomStringConvertible {
        var error: String
        var description: String { self.error }
    }
}
