// swift-tools-version: 6.2
import PackageDescription

/// `APUS_STRICT=1` makes warnings errors: for checks and CI, and only for this package's own targets.
let isStrict = Context.environment["APUS_STRICT"] == "1"
/// `APUS_FUZZ=1` adds the fuzz targets, built with libFuzzer into a folder of their own (`make fuzz`).
let isFuzzing = Context.environment["APUS_FUZZ"] == "1"

let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
    ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])
    // The parsers themselves, so that the fuzzer sees which way an input takes through them.
    + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

/// What is under test is optimized, and what tests it is not: that would only take minutes to build.
let testSettings = swiftSettings + [.unsafeFlags(["-Onone"])]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: testSettings)
}

/// One per folder of Fuzz, named after it.
let fuzzTargets: [Target] =
    !isFuzzing
    ? []
    : [.target(name: "FuzzDriver", path: "Fuzz/Driver", swiftSettings: swiftSettings)]
        + [
            ("MailMessage", []), ("AWSSignature", []), ("SMTPProtocol", [nioCore]), ("MailAuthentication", []), ("SESModel", []),
            ("RedisClient", [nioCore]),
        ].map { (name: String, others: [Target.Dependency]) in
            .executableTarget(
                name: "\(name)Fuzz", dependencies: ["FuzzDriver", .init(stringLiteral: name)] + others, path: "Fuzz/\(name)",
                swiftSettings: swiftSettings + [.unsafeFlags(["-parse-as-library"])],
                // gold, the default, ends with an internal error on those that bring BoringSSL.
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=bfd"])])
        }

/// The load test's shipped scenarios, files of loadtest/scenarios: part of its executable.
let scenarios = [
    "backlog", "burst", "kill-storm", "large-bodies", "mailbox-providers", "many-domains", "provider-limits", "rolling-restart", "slow-receivers",
    "soak", "tarpits",
    "transactional-during-bulk", "trickle",
]

/// What the load test's sink plays, files of loadtest/sinks: part of its executable too.
let sinks = [
    "down", "flaky", "gmail-like", "greylisting", "mailbox-full", "microsoft-like", "providers", "strict-limits", "tarpit", "well-behaved",
    "yahoo-like",
]

let package = Package(
    name: "apus",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-asn1", exact: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", exact: "1.21.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    ],
    targets: [
        // Layer 0: C libraries of the system.
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        // Without pkgConfig: its file requires those of libraries that only libunbound itself links.
        .systemLibrary(name: "CUnbound", providers: [.apt(["libunbound-dev"])]),
        .systemLibrary(name: "CSpawn"),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),

        // Layer 1: values and protocols, no I/O of mail.
        library("ApusCore"),
        library("MailMessage"),
        library("SMTPProtocol", [nioCore]),
        library("AWSSignature", [crypto]),
        library("KafkaClient", ["ApusCore", "CRdKafka", nioCore, deque]),
        library("PostgresClient", ["ApusCore", "CPostgres", deque]),

        // Layer 2: channels, look-ups, records, the protocols of the backends.
        library("SMTPTransport", ["SMTPProtocol", nioCore, nioPosix, nioTLS, nioSSL]),
        library("MailAuthentication", ["ApusCore", "COpenSSL"]),
        library("DNSResolver", ["ApusCore", "CUnbound", nioCore]),
        library("DNSServer", [nioCore, nioPosix]),
        library("ApusSchema", ["ApusCore", nioCore, protobuf]),
        library("SESModel", ["ApusSchema", "MailMessage"]),
        library("Backends", ["ApusCore", nioCore, deque]),
        library("ChildProcesses", ["ApusCore", "CSpawn"]),
        library("RedisClient", ["ApusCore", nioCore, nioPosix, nioSSL, crypto, deque]),

        // Layer 3: the backends, and what the interfaces share.
        library("EmbeddedBackends", ["ApusCore", "Backends", nioCore, nioPosix, crypto, deque, logging, grdb]),
        library("ClusterBackends", ["ApusCore", "Backends", "KafkaClient", "PostgresClient", "RedisClient", nioCore, crypto, deque, logging]),
        library(
            "ControlPlane",
            [
                "ApusCore", "ApusSchema", "Backends", "MailMessage", "MailAuthentication", "DNSResolver", nioCore, nioPosix, crypto, logging,
                serviceLifecycle,
            ]),
        library("Pipes", ["ApusCore", "Backends", nioCore, logging, metrics, serviceLifecycle]),
        library("Intake", ["ApusCore", "ApusSchema", "Backends", "ControlPlane", "MailMessage", "SESModel", nioCore, crypto]),
        library(
            "MailSink", ["ApusCore", "MailMessage", "SMTPProtocol", "SMTPTransport", nioCore, nioPosix, nioSSL, x509, asn1, crypto]),

        // Layer 4: the roles.
        library(
            "SESInterface",
            [
                "ApusCore", "AWSSignature", "Backends", "ControlPlane", "Intake", "MailMessage", "SESModel", nioCore, nioHTTPTypes,
                httpTypes, nioSSL, hummingbird, hummingbirdCore, hummingbirdTLS, logging, metrics, serviceLifecycle,
            ]),
        library(
            "Delivery",
            [
                "ApusCore", "ApusSchema", "Backends", "Pipes", "SMTPProtocol", "SMTPTransport", "MailAuthentication", "DNSResolver", nioCore,
                nioSSL, crypto, logging, metrics, serviceLifecycle, deque, protobuf,
            ]),

        library("Events", ["ApusCore", "ApusSchema", "Backends", "Pipes", "SESModel", nioCore, logging, metrics, serviceLifecycle]),

        .target(
            name: "LoadTesting",
            dependencies: [
                "ApusCore", "AWSSignature", "ChildProcesses", "MailMessage", "MailSink", "SMTPProtocol", "SMTPTransport", deque, histogram, nioCore,
                nioHTTP1, nioPosix, nioSSL,
            ],
            path: "loadtest/Sources/LoadTesting",
            resources: scenarios.map { .embedInCode("../../scenarios/\($0).json") } + sinks.map { .embedInCode("../../sinks/\($0).json") },
            swiftSettings: swiftSettings),

        // Layer 5: the executables.
        .executableTarget(
            name: "apus",
            dependencies: [
                "ApusCore", "ApusSchema", "AWSSignature", "Backends", "ClusterBackends", "ControlPlane", "Delivery", "DNSResolver",
                "EmbeddedBackends", "Events", "Intake", "KafkaClient", "MailAuthentication", "MailMessage", "PostgresClient", "RedisClient",
                "SESInterface",
                "SESModel", "SMTPProtocol", argumentParser, asyncHTTPClient, crypto, hummingbird, logging, metrics, nioCore, nioHTTP1,
                nioPosix, nioSSL, protobuf, serviceLifecycle, unixSignals,
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "apus-loadtest",
            dependencies: [
                "DNSServer", "LoadTesting", "MailSink", "SMTPProtocol", "SMTPTransport", nioCore, nioHTTP1, nioPosix, argumentParser, asyncHTTPClient,
            ],
            path: "loadtest/Sources/apus-loadtest", swiftSettings: swiftSettings),

        // Tests mirror the sources.
        library("TestSupport", ["AWSSignature", "ApusCore", "ChildProcesses", nioCore, nioPosix, nioHTTP1, nioSSL, asyncHTTPClient]),
        library("TestBackends", ["ApusCore", "Backends", nioCore]),
        tests("ApusCoreTests", ["ApusCore"]),
        tests("MailMessageTests", ["MailMessage"]),
        tests("AWSSignatureTests", ["AWSSignature", crypto]),
        tests("SMTPProtocolTests", ["SMTPProtocol", nioCore]),
        tests(
            "SMTPTransportTests",
            ["SMTPProtocol", "SMTPTransport", "MailSink", nioCore, nioPosix, nioSSL, nioEmbedded]),
        tests("MailAuthenticationTests", ["MailAuthentication"]),
        tests("DNSResolverTests", ["DNSResolver", "DNSServer", "TestSupport", nioCore, nioPosix]),
        tests("ApusSchemaTests", ["ApusSchema", protobuf]),
        tests("SESModelTests", ["SESModel", "ApusSchema", protobuf]),
        tests(
            "EmbeddedBackendsTests", ["EmbeddedBackends", "Backends", "ApusCore", nioCore, nioPosix, grdb]),
        tests(
            "BackendContractTests",
            [
                "EmbeddedBackends", "ClusterBackends", "KafkaClient", "PostgresClient", "RedisClient", "Backends", "ApusCore", "TestSupport", nioCore,
                nioPosix, logging,
            ]),
        tests("PostgresClientTests", ["PostgresClient", "ChildProcesses", "TestSupport"]),
        tests("RedisClientTests", ["RedisClient", "ChildProcesses", "TestSupport", nioCore, nioPosix, nioSSL]),
        tests("KafkaClientTests", ["KafkaClient", nioCore]),
        tests(
            "ClusterBackendsTests",
            [
                "ClusterBackends", "KafkaClient", "PostgresClient", "RedisClient", "Backends", "ApusCore", "ChildProcesses", "LoadTesting",
                "TestSupport",
                nioCore, nioPosix, nioSSL, logging,
            ]),
        tests(
            "ControlPlaneTests",
            [
                "ControlPlane", "EmbeddedBackends", "Backends", "ApusCore", "MailMessage", "MailAuthentication", "DNSResolver", nioCore,
                nioPosix, crypto, logging,
            ]),
        tests(
            "IntakeTests",
            [
                "Intake", "ApusCore", "ApusSchema", "Backends", "ControlPlane", "MailMessage", "SESModel", "TestBackends", nioCore,
            ]),
        tests(
            "SESInterfaceTests",
            [
                "SESInterface", "AWSSignature", "ApusCore", "ApusSchema", "Backends", "ControlPlane", "Intake", "SESModel", "TestBackends",
                nioCore, nioPosix, nioSSL, logging, serviceLifecycle,
            ]),
        tests("MailSinkTests", ["SMTPProtocol", "SMTPTransport", "MailSink", nioCore, nioPosix, nioSSL]),
        tests("LoadTestingTests", ["ChildProcesses", "LoadTesting", "MailSink", nioCore, nioPosix]),
        tests(
            "DeliveryTests",
            [
                "ApusCore", "ApusSchema", "Backends", "SMTPProtocol", "SMTPTransport", "MailSink", "MailAuthentication", "DNSResolver",
                "Delivery", "EmbeddedBackends", "ClusterBackends", "KafkaClient", nioCore, nioPosix, nioSSL, logging, serviceLifecycle, deque,
                protobuf,
            ]),
        tests("EventsTests", ["ApusSchema", "Backends", "EmbeddedBackends", "Events", "SESModel", nioCore, logging, protobuf]),
        .testTarget(
            name: "ScenarioTests",
            dependencies: [
                "ApusSchema", "Backends", "ChildProcesses", "ClusterBackends", "DNSServer", "Events", "KafkaClient", "LoadTesting", "MailSink",
                "TestSupport",
                nioCore, nioPosix, logging,
            ],
            exclude: ["Scripts"],
            swiftSettings: testSettings),
    ] + fuzzTargets
)
