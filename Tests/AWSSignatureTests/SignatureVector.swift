/// A request signed by an independent implementation (botocore), for AKIDEXAMPLE at 20260115T120000Z.
struct SignatureVector: Sendable {
    let method: String
    let path: String
    let query: String
    let headers: [(String, String)]
    let body: String
    let token: String?

    static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    /// 2026-01-15T12:00:00Z.
    static let now: Int64 = 1_768_478_400

    static let all: [SignatureVector] = [
        SignatureVector(
            method: "GET", path: "/", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=f392e3b267fbbe898b07ee3fe553c329037e39b9b38746c0235d4faaf4e2cea5"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=f392e3b267fbbe898b07ee3fe553c329037e39b9b38746c0235d4faaf4e2cea5"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "/-._~0123456789abcdefghijklmnopqrstuvwxyz", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=159673de2de0d5b39c4e241019b286bac655e357eb077d50548cd4ed2a4ec712"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "/%E1%88%B4", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=2eafb4d9787bca503bcf9e0504412caed664c7f15d872b96e4100d20c7355477"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "/v2/email/templates/a%20b%2Fc%2525", query: "PageSize=1",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=5aea198c3c65ceb890540d6a89e6b195348dafcf6fca085a76ccfd23b2dab3ac"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "/v2/email/./x/../identities//y/", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=12c8fb22041b2a848bd806683e79383f0b20b21934bf47ec66521d896a292786"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "/", query: "Param2=value2&Param1=value1",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=9b2fd48c2ecfab42194103c3e4cf965c10216cdba19c850a8ae611d35bf164db"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "/", query: "Param1=value2&Param1=Value1&Param1=",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=e47afc2df1a882262790c9b0cc04308884253413fc2ae686a6859847cd47b715"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "/", query: "%E1%88%B4=bar&-._~=x&a%2Bb=c%26d",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=f885460a657251a901627fe2bb17e6a383c1e8114a25fe7e7561c3b8d91d036f"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "GET", path: "/v2/email/suppression/addresses", query: "Reason=BOUNCE&Reason=COMPLAINT&PageSize=10",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=a2ca8224012051201cb93e3073553a65c56d3f55800c24dc39ca6bfddee4d9d3"
                ),
            ], body: "", token: nil),
        SignatureVector(
            method: "POST", path: "/v2/email/outbound-emails", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("Content-Type", "application/json"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=da5cc3266c4764a3ab660b406896bf2f93a0ee154b58dd7bb3e483fede130d9a"
                ),
            ], body: "{\"a\":\"b\"}", token: nil),
        SignatureVector(
            method: "POST", path: "/", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("X-Amz-Date", "20260115T120000Z"),
                ("X-Amz-Security-Token", "THE/TOKEN+with=chars"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=21e892d56b56125522a7df9cd556ab796046318eacd471e288bea856b74390c5"
                ),
            ], body: "Action=GetSendQuota&Version=2010-12-01", token: "THE/TOKEN+with=chars"),
        SignatureVector(
            method: "POST", path: "/", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("My-Header1", "  a   b   c  "),
                ("My-Header2", "\"a   b\""),
                ("Content-Type", "text/plain"),
                ("X-Amz-Date", "20260115T120000Z"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=content-type;host;my-header1;my-header2;x-amz-date, Signature=a1723dcf496e8a5f4ed17c7c58a36cc9a3af6e4e37b137864c235447908ec8df"
                ),
            ], body: "über", token: nil),
        SignatureVector(
            method: "DELETE", path: "/v2/email/identities/user%2Btag%40example.com", query: "",
            headers: [
                ("host", "email.us-east-1.amazonaws.com"),
                ("X-Amz-Date", "20260115T120000Z"),
                ("X-Amz-Security-Token", "tok"),
                (
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=b4aab952e2437e4f63d9266f37a1b1e987a1d3daa195e2f417e1fd98ec12dbfe"
                ),
            ], body: "", token: "tok"),
    ]

    /// Targets of presigned GET requests; the last has the session token `a/b+c=`.
    static let presigned: [String] = [
        "/v2/email/account?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260115%2Fus-east-1%2Fses%2Faws4_request&X-Amz-Date=20260115T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=09bc9be89d362a078b9162de2e7e33cc02c83b23c505f13d46665d9439e005e0",
        "/v2/email/suppression/addresses?Reason=BOUNCE&PageSize=10&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260115%2Fus-east-1%2Fses%2Faws4_request&X-Amz-Date=20260115T120000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Signature=646b3bca9d9bf21aab9930d9d2b38a5c2862c0bec06faebccba3895561e5a7d2",
        "/v2/email/identities/user%2Btag%40example.com?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260115%2Fus-east-1%2Fses%2Faws4_request&X-Amz-Date=20260115T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Security-Token=a%2Fb%2Bc%3D&X-Amz-Signature=70b6c2b0099bf67e5d0c88ee4d28244233b62352b332d0c5e90560c450eec539",
    ]
}
