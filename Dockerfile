# The program in an image of its own. All roles, and all commands, are this one image:
#
#     docker build -t apus .
#     docker run --rm apus help
#
# deploy/compose.yaml runs a cluster of it; docs/operations/cluster.md says how.

FROM swift:6.3-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]

# Debian 12 has librdkafka 2.0.2, which lacks mends to the idempotent producer and to consumers; 2.3 or later is for production.
ARG LIBRDKAFKA_VERSION=2.15.1
ARG LIBRDKAFKA_SHA256=23c8575c7d1ced07246cb9cf200c11325b72201fd4134a02414ca869fbdd8ed3
# hadolint ignore=DL3008
RUN apt-get -qq update \
    && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        ca-certificates curl g++ gcc liblz4-dev libssl-dev libzstd-dev make pkg-config python3 zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /librdkafka
# PLAIN and SCRAM need no Cyrus SASL; Kerberos would, and Apus does not offer it.
RUN curl -fsSL --retry 3 -o ../librdkafka.tar.gz "https://github.com/confluentinc/librdkafka/archive/refs/tags/v$LIBRDKAFKA_VERSION.tar.gz" \
    && echo "$LIBRDKAFKA_SHA256  ../librdkafka.tar.gz" | sha256sum --check --strict \
    && tar -xzf ../librdkafka.tar.gz --strip-components=1 \
    && ./configure --prefix=/usr/local --disable-gssapi --disable-curl \
    && make -j"$(nproc)" libs \
    && make -C src install \
    && ldconfig

WORKDIR /source
# What else building needs is written down in one place only. It finds librdkafka in place.
COPY scripts/deps.sh scripts/deps.sh
COPY .swift-version .swift-version
RUN scripts/deps.sh build
COPY . .
# The runtime of Swift goes into the program, so that the image below needs none.
RUN --mount=type=cache,target=/source/.build \
    swift build -c release --product apus --static-swift-stdlib \
    && mkdir -p /out \
    && strip --strip-debug -o /out/apus "$(swift build -c release --show-bin-path)/apus" \
    && cp -P /usr/local/lib/librdkafka.so* /out/

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get -qq update \
    && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        ca-certificates libgcc-s1 liblz4-1 libpq5 libsqlite3-0 libssl3 libstdc++6 libunbound8 libzstd1 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 apus \
    && useradd --system --uid 10001 --gid apus --home-dir /var/lib/apus --shell /usr/sbin/nologin apus \
    && install -d -m 700 -o apus -g apus /var/lib/apus
COPY --from=build /out/librdkafka.so* /usr/local/lib/
COPY --from=build /out/apus /usr/local/bin/apus
COPY deploy/healthcheck /usr/local/bin/apus-healthcheck
# A library that is missing shows here, and not at the first start.
RUN ldconfig && apus --version

USER 10001:10001
WORKDIR /var/lib/apus
# Inside the container's network; it is not published unless somebody asks for it.
ENV APUS_METRICS_LISTEN=0.0.0.0:9464
EXPOSE 8025 9464
STOPSIGNAL SIGTERM
# Whether the process answers. Whether its engines do is /readyz: a restart would not bring them back.
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=3 CMD ["apus-healthcheck", "/livez"]
ENTRYPOINT ["apus"]
CMD ["help"]
