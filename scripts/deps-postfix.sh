#!/usr/bin/env bash
# Unpacks Postfix and OpenDKIM, with the libraries they need, into .build-tools/postfix. Nothing is installed: no user is made, no
# service is enabled, and a Postfix that runs on this machine is not touched.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/.build-tools/postfix
[[ -x $folder/usr/lib/postfix/sbin/master && -x $folder/usr/sbin/opendkim ]] && exit 0

packages=(
    postfix libdb5.3 libicu72 libnsl2 libsasl2-2 libtirpc3
    opendkim libopendkim11 libmilter1.0.1 libbsd0 libldap-2.5-0 liblua5.3-0 libmemcached11 libhashkit2 libopendbx1 librbl1 libvbr2
)
if ! apt-cache policy postfix opendkim 2>/dev/null | grep -q 'Candidate: [0-9]'; then
    if [[ $EUID == 0 ]]; then apt-get -qq update; elif sudo -n true 2>/dev/null; then sudo apt-get -qq update; fi
fi
download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT
chmod 777 "$download"  # as root apt drops to a user of its own
echo "deps: unpacking into .build-tools/postfix: ${packages[*]}"
if ! (cd "$download" && apt-get -qq download "${packages[@]}"); then
    echo "deps: apt cannot get them; run once as root: apt-get update" >&2
    exit 1
fi
rm -rf "$folder.new"
mkdir -p "$folder.new"
for package in "$download"/*.deb; do dpkg-deb -x "$package" "$folder.new"; done
rm -rf "$folder"
mv "$folder.new" "$folder"
libraries=$(printf '%s:' "$folder"/usr/lib/postfix "$folder"/usr/lib "$folder"/usr/lib/*-linux-gnu* "$folder"/lib/*-linux-gnu*)
missing=$(LD_LIBRARY_PATH=$libraries ldd "$folder"/usr/lib/postfix/sbin/smtpd "$folder"/usr/sbin/opendkim | grep 'not found' || true)
if [[ -n $missing ]]; then
    rm -rf "$folder"
    echo "deps: libraries missing for Postfix or OpenDKIM: $missing" >&2
    exit 1
fi
