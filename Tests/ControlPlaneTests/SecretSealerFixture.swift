/// A secret in the form of the first release, made by another program (Python's cryptography), under the master key of bytes 0…31.
enum SecretSealerFixture {
    static let sealed = "AR+8IHJAGlJYAQIDBAUGBwgJCgsMcqA7uZ7MpfIi5CYKWTyhHw8HpLDQQjKV2Q2fTd3vM53FqcuTK/6pxrvoEYKYae7GRv0SPAP2MxU="
}
