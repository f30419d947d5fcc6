/// How connections to brokers are protected, and who we are to them.
package struct KafkaSecurity: Hashable, Sendable {
    /// TLS to the brokers.
    package struct TLS: Hashable, Sendable {
        /// PEM file of the authorities that are trusted; nil for the system's.
        package var authoritiesFile: String?
        /// PEM file of this client's certificate chain; nil for none.
        package var certificateFile: String?
        /// PEM file of the certificate's private key.
        package var keyFile: String?
        /// What the private key is encrypted with.
        package var keyPassword: KafkaSecret?
        /// Whether the broker's certificate must be for the name that was connected to.
        package var verifiesHostname: Bool

        package init(
            authoritiesFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, keyPassword: KafkaSecret? = nil,
            verifiesHostname: Bool = true
        ) {
            self.authoritiesFile = authoritiesFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.keyPassword = keyPassword
            self.verifiesHostname = verifiesHostname
        }
    }

    /// A name and password for the brokers.
    package struct SASL: Hashable, Sendable {
        /// How the password is shown to the broker.
        package enum Mechanism: String, CaseIterable, Sendable {
            /// In clear: only over TLS.
            case plain = "PLAIN"
            case scramSHA256 = "SCRAM-SHA-256"
            case scramSHA512 = "SCRAM-SHA-512"
        }

        package var mechanism: Mechanism
        package var username: String
        package var password: KafkaSecret

        package init(mechanism: Mechanism, username: String, password: KafkaSecret) {
            self.mechanism = mechanism
            self.username = username
            self.password = password
        }
    }

    /// nil for connections in clear.
    package var tls: TLS?
    /// nil for a broker that asks for no name.
    package var sasl: SASL?

    package init(tls: TLS? = nil, sasl: SASL? = nil) {
        self.tls = tls
        self.sasl = sasl
    }

    /// As librdkafka's properties.
    var properties: [String: String] {
        var properties: [String: String] = [:]
        properties["security.protocol"] =
            switch (self.tls != nil, self.sasl != nil) {
            case (false, false): "plaintext"
            case (true, false): "ssl"
            case (false, true): "sasl_plaintext"
            case (true, true): "sasl_ssl"
            }
        if let tls = self.tls {
            properties["ssl.ca.location"] = tls.authoritiesFile
            properties["ssl.certificate.location"] = tls.certificateFile
            properties["ssl.key.location"] = tls.keyFile
            properties["ssl.key.password"] = tls.keyPassword?.value
            properties["ssl.endpoint.identification.algorithm"] = tls.verifiesHostname ? "https" : "none"
        }
        if let sasl = self.sasl {
            properties["sasl.mechanism"] = sasl.mechanism.rawValue
            properties["sasl.username"] = sasl.username
            properties["sasl.password"] = sasl.password.value
        }
        return properties
    }
}
