import NIOSSL

/// A certificate for `localhost` that signs itself and its key, made for these tests and good for nothing else.
enum TestCertificate {
    static func serverConfiguration() throws -> TLSConfiguration {
        let certificate = try NIOSSLCertificate(bytes: Array(self.certificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(self.key.utf8), format: .pem)
        return .makeServerConfiguration(certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
    }

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPeknANZJ5bM485DR
        OcIHgMTz89KzRfGJ7+IP9m4R5omhRANCAATt6Thjh8U8Dy2NwvZKnr0BHyV9BYp3
        aPKCEWNVKD92Pvt9HGnyoVdz0knVxYMzwBIyr8JV8/zGommzYbZ+bcxX
        -----END PRIVATE KEY-----
        """

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmjCCAUGgAwIBAgIUW6rafUQ2hZgpEoiw09J+kZO5eZwwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDAwMDMwOVoYDzIxMjYxMDMx
        MDAwMzA5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAATt6Thjh8U8Dy2NwvZKnr0BHyV9BYp3aPKCEWNVKD92Pvt9HGnyoVdz
        0knVxYMzwBIyr8JV8/zGommzYbZ+bcxXo28wbTAdBgNVHQ4EFgQUm7+CUZ1nGNgy
        R75hW49awZulXm8wHwYDVR0jBBgwFoAUm7+CUZ1nGNgyR75hW49awZulXm8wDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
        zj0EAwIDRwAwRAIgV9ZtLZMQv7IMdvdS+HPDyRrpvpFCi/YUaVqy8CwREugCIGhL
        Yl8yb0cciWdQOH73CV5nZrAMHOOSyaTt0MrVulSF
        -----END CERTIFICATE-----
        """
}
