#!/bin/sh
# Installs from Debian what the project's commands need and the machine lacks:
#   deps.sh run    what `make run` needs
#   deps.sh test   what the tests need as well
set -eu
need="postgresql-15:/usr/lib/postgresql/15/bin/postgres espeak-ng:espeak-ng sox:sox libsox-fmt-mp3:/usr/lib/*/sox/libsox_fmt_mp3.so"
case "${1:-run}" in
run) ;;
test) need="$need sip-tester:sipp chromium:/usr/bin/chromium flite:flite pocketsphinx:pocketsphinx_continuous pocketsphinx-en-us:/usr/share/pocketsphinx/model/en-us/en-us/mdef" ;;
*) echo "usage: deps.sh run|test" >&2; exit 2 ;;
esac
missing=
for n in $need; do
	for f in ${n#*:}; do # a program, or a file whose folder differs by machine
		command -v "$f" >/dev/null 2>&1 || [ -e "$f" ] || missing="$missing ${n%%:*}"
	done
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "missing:$missing; as root: apt-get install$missing" >&2
	exit 1
fi
echo "installing from Debian:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# The package would start a cluster of its own on port 5432; ours are private.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
# shellcheck disable=SC2086 — a list of packages
apt-get -qq install -y --no-install-recommends $missing >/dev/null
