#!/usr/bin/env bash
# Unpacks the mail servers that the benchmark and `apus-loadtest compare` run beside Apus, with the libraries they need, each into a
# folder of its own: .build-tools/postfix (and OpenDKIM), .build-tools/exim, .build-tools/opensmtpd (and its DKIM filter).
#
#     scripts/deps-mta.sh [postfix|exim|opensmtpd …]      all three when none is named
#
# Nothing is installed: no maintainer script runs, no user is made, no service is enabled, no file is setuid, and a mail server that
# runs on this machine is not touched. Touches no network when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/.build-tools

say() { printf 'deps: %s\n' "$*"; }
fail() { printf 'deps: %s\n' "$*" >&2; exit 1; }

# The packages of each, libraries included that a bare Debian 12 lacks.
postfix=(
    postfix libdb5.3 libicu72 libnsl2 libsasl2-2 libtirpc3
    opendkim libopendkim11 libmilter1.0.1 libbsd0 libldap-2.5-0 liblua5.3-0 libmemcached11 libhashkit2 libopendbx1 librbl1 libvbr2
)
exim=(
    exim4-daemon-light libdb5.3 libidn12 libnsl2 libtirpc3 libgnutls-dane0 libunbound8 libevent-2.1-7
    libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1
)
opensmtpd=(opensmtpd opensmtpd-filter-dkimsign libopensmtpd0 libdb5.3 libevent-2.1-7 libssl3)

# The programs that must be there, below .build-tools/NAME.
postfix_programs=(usr/lib/postfix/sbin/master usr/lib/postfix/sbin/smtpd usr/sbin/smtp-source usr/sbin/opendkim)
exim_programs=(usr/sbin/exim4)
opensmtpd_programs=(usr/sbin/smtpd usr/libexec/opensmtpd/filter-dkimsign)

complete() { # NAME
    local -n programs=$1_programs
    local program
    [[ -s $tools/$1/packages ]] || return 1
    for program in "${programs[@]}"; do [[ -x $tools/$1/$program ]] || return 1; done
}

lists_are_fresh() { # apt knows where to get every package asked for
    local package
    for package; do
        [[ -n $(apt-cache --quiet=0 policy "$package" 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" { print $2 }') ]] || return 1
    done
}

unpack() { # NAME
    local name=$1 package missing libraries
    local -n packages=$1 programs=$1_programs
    local folder=$tools/$name
    command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null || fail "$name is unpacked from Debian's packages, and this system has no apt-get"
    if ! lists_are_fresh "${packages[@]}"; then
        if [[ $EUID == 0 ]]; then apt-get -qq update; elif sudo -n true 2>/dev/null; then sudo apt-get -qq update; fi
        lists_are_fresh "${packages[@]}" || fail "apt does not know all of: ${packages[*]}; run once as root: apt-get update"
    fi
    download=$(mktemp -d)
    trap 'rm -rf "$download"' EXIT
    chmod 777 "$download" # as root apt drops to a user of its own
    say "unpacking into .build-tools/$name: ${packages[*]}"
    (cd "$download" && apt-get -qq download "${packages[@]}") || fail "apt cannot get the packages of $name; run once as root: apt-get update"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    for package in "$download"/*.deb; do
        dpkg-deb -x "$package" "$folder.new"
        # For reports: which version it is.
        dpkg-deb -W --showformat='${Package} ${Version}\n' "$package" >>"$folder.new/packages"
    done
    rm -rf "$download"
    # Root unpacks setuid and setgid bits as well, which only an installed mail server is to have.
    find "$folder.new" -type f -perm /6000 -exec chmod ug-s {} +
    libraries=$(printf '%s:' "$folder.new"/usr/lib/postfix "$folder.new"/usr/lib "$folder.new"/usr/lib/*-linux-gnu* "$folder.new"/lib/*-linux-gnu*)
    missing=$(cd "$folder.new" && LD_LIBRARY_PATH=$libraries ldd "${programs[@]}" | grep 'not found' | sort -u || true)
    if [[ -n $missing ]]; then
        rm -rf "$folder.new"
        fail "libraries missing for $name: $missing"
    fi
    rm -rf "$folder"
    mv "$folder.new" "$folder"
    complete "$name" || fail "$name is unpacked but not complete: ${programs[*]}"
}

names=("$@")
[[ ${#names[@]} -gt 0 ]] || names=(postfix exim opensmtpd)
for name in "${names[@]}"; do
    case $name in
        postfix | exim | opensmtpd) complete "$name" || unpack "$name" ;;
        *) fail "usage: scripts/deps-mta.sh [postfix|exim|opensmtpd …]" ;;
    esac
done
