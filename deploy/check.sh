#!/bin/bash
# Checks the files of this folder with the tools that the machine has, one line each: ok, FAILED or absent.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

say() { printf '%-8s %s\n' "$1" "$2"; }
check() { # what, command…
	local what=$1
	shift
	if out=$("$@" 2>&1); then
		say ok "$what"
	else
		say FAILED "$what"
		printf '%s\n' "$out" | sed 's/^/         /'
		status=1
	fi
}

for s in "$here"/*.sh; do
	check "syntax of $(basename "$s")" bash -n "$s"
	case $(head -n 1 "$s") in
	*/sh) if command -v dash >/dev/null; then check "dash reads $(basename "$s")" dash -n "$s"; fi ;;
	esac
	[ -x "$s" ] || { say FAILED "$(basename "$s") is not executable"; status=1; }
done
if command -v shellcheck >/dev/null; then
	check "shellcheck" shellcheck "$here"/*.sh
else
	say absent "shellcheck"
fi

compose=()
if docker compose version >/dev/null 2>&1; then
	compose=(docker compose)
elif command -v docker-compose >/dev/null; then
	compose=(docker-compose)
fi
if [ ${#compose[@]} -gt 0 ]; then
	check "docker-compose.yml (${compose[*]} config)" env SIP_IP=192.0.2.1 "${compose[@]}" -f "$here/docker-compose.yml" config --quiet
else
	say absent "docker compose: docker-compose.yml is not checked by it"
fi

if command -v systemd-analyze >/dev/null; then
	mkdir -p "$work/bin"
	printf '#!/bin/sh\n' >"$work/bin/callplane"
	chmod +x "$work/bin/callplane"
	for u in "$here"/*.service; do
		# The programs are looked for where they are here, not where they will be installed.
		sed -e "s#/usr/lib/callplane/#$here/#" -e "s#=/usr/bin/callplane#=$work/bin/callplane#" "$u" >"$work/$(basename "$u")"
		check "systemd unit $(basename "$u")" systemd-analyze verify --man=no "$work/$(basename "$u")"
		check "exposure of $(basename "$u")" systemd-analyze security --offline=yes --threshold=30 --no-pager "$work/$(basename "$u")"
	done
else
	say absent "systemd-analyze: the units are not checked"
fi
exit $status
