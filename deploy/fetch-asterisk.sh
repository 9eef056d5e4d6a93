#!/bin/sh
# Puts Asterisk 22 of Debian's packages into a folder of its own, for hosts whose
# release has none. Nothing of the host changes: a private apt (own state, cache and
# status file) downloads, dpkg-deb unpacks, and the programme is started by the
# folder's own dynamic loader. Needs no root.
#
#   deploy/fetch-asterisk.sh          CACHE=<folder>, default .cache/asterisk
#
# Layout of the folder: debs/ (kept), root/ (unpacked), root/.ready (its version).
# A second run returns at once; two runs at the same time wait for each other.
set -eu
umask 022

fail() { echo "fetch-asterisk: $*" >&2; exit 1; }

here=$(cd "$(dirname "$0")/.." && pwd)
CACHE=${CACHE:-$here/.cache/asterisk}
mkdir -p "$CACHE" || fail "cannot create $CACHE"
CACHE=$(cd "$CACHE" && pwd)
case $CACHE in *[\ \"\;]*) fail "the folder $CACHE must not contain a space, quote or semicolon" ;; esac

for tool in apt-get apt-config dpkg dpkg-deb tar flock sed awk; do
	command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing: this works on Debian and its descendants only"
done

exec 9>"$CACHE/.lock"
flock 9 || fail "cannot lock $CACHE/.lock"

# The number after the dash is that of this script: raise it when what it unpacks changes.
layout=1
if [ -f "$CACHE/root/.ready" ] && [ "$(sed -n 2p "$CACHE/root/.ready")" = "layout $layout" ]; then
	exit 0
fi

arch=$(dpkg --print-architecture)

# Mirror and key of the host: the first archive that apt itself would update from and that is
# not a security or updates suite.
uris=$(apt-get --print-uris update 2>/dev/null) || fail "apt-get has no usable sources (apt-get --print-uris update fails)"
mirror=$(printf '%s\n' "$uris" |
	sed -n "s#^'\(.*\)/dists/[^/]*/InRelease'.*#\1#p" |
	grep -v -e security -e updates | grep -E '/debian/?$|debian' | head -n 1) || true
[ -n "$mirror" ] || fail "no Debian archive among the host's apt sources"
key=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null | awk -v m="$mirror" '
	/^[ \t]*#/ { next }
	/^[ \t]*$/ { if (hit && key) { print key; exit } hit = 0; key = ""; next }
	/^URIs:/ { if (index($0, m)) hit = 1 }
	/^Signed-By:[ \t]*\// { key = $2 }
	/^deb/ && index($0, m) && match($0, /signed-by=[^] ]*/) { print substr($0, RSTART + 10, RLENGTH - 10); exit }
	END { if (hit && key) print key }' | head -n 1)
if [ -z "$key" ] && [ -f /usr/share/keyrings/debian-archive-keyring.gpg ]; then
	key=/usr/share/keyrings/debian-archive-keyring.gpg
fi
signed=${key:+[signed-by=$key]}

apt=$CACHE/apt
mkdir -p "$CACHE/debs/partial"
log=$CACHE/fetch.log
: >"$log"

try() { # suite
	suite=$1
	rm -rf "$apt"
	mkdir -p "$apt/etc/preferences.d" "$apt/etc/apt.conf.d" "$apt/state/lists/partial" "$apt/cache"
	: >"$apt/status"
	printf 'deb %s %s %s main\n' "$signed" "$mirror" "$suite" >"$apt/etc/sources.list"
	# Dir::Etc::main and parts point nowhere, so that hooks of the host do not run; its
	# way to the mirror (proxy, certificates) is taken over.
	{
		apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|ForceIPv|Check-Date)' || true
		cat <<CONF
Dir::Etc "$apt/etc";
Dir::Etc::sourcelist "$apt/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::parts "$apt/etc/apt.conf.d";
Dir::Etc::main "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "$apt/etc/preferences.d";
Dir::Etc::trusted "/etc/apt/trusted.gpg";
Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::State::lists "$apt/state/lists";
Dir::Cache "$apt/cache";
Dir::Cache::archives "$CACHE/debs";
APT::Install-Recommends "false";
APT::Get::List-Cleanup "false";
APT::Sandbox::User "";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Debug::NoLocking "true";
CONF
	} >"$apt/apt.conf"
	echo "== $suite from $mirror" >>"$log"
	APT_CONFIG=$apt/apt.conf apt-get -q update >>"$log" 2>&1 || return 1
	APT_CONFIG=$apt/apt.conf apt-get -q -y --download-only install \
		'asterisk=1:22.*' 'asterisk-modules=1:22.*' 'asterisk-config=1:22.*' \
		asterisk-core-sounds-en asterisk-core-sounds-en-gsm >>"$log" 2>&1 || return 1
}

echo "fetch-asterisk: fetching Asterisk 22 from Debian into $CACHE (about 170 MB, once)" >&2
ok=
for suite in forky sid; do
	if try "$suite"; then ok=$suite; break; fi
done
[ -n "$ok" ] || { tail -n 20 "$log" >&2; fail "neither forky nor sid of the host's mirror gave Asterisk 22; full log: $log"; }

new=$CACHE/root.new
rm -rf "$new"
mkdir -p "$new/usr/bin" "$new/usr/sbin" "$new/usr/lib" "$new/usr/lib64"
ln -s usr/bin "$new/bin"
ln -s usr/sbin "$new/sbin"
ln -s usr/lib "$new/lib"
ln -s usr/lib64 "$new/lib64"
APT_CONFIG=$apt/apt.conf apt-get -q -y --simulate install \
	'asterisk=1:22.*' 'asterisk-modules=1:22.*' 'asterisk-config=1:22.*' \
	asterisk-core-sounds-en asterisk-core-sounds-en-gsm 2>>"$log" |
	sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1 \2/p' >"$apt/chosen"
[ -s "$apt/chosen" ] || fail "apt chose no packages; full log: $log"
while read -r name version; do
	file=$(printf '%s' "$version" | sed 's/:/%3a/')
	deb=
	for a in "$arch" all; do
		[ -f "$CACHE/debs/${name}_${file}_$a.deb" ] && deb=$CACHE/debs/${name}_${file}_$a.deb
	done
	[ -n "$deb" ] || fail "$name $version was not downloaded; full log: $log"
	dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink --no-same-owner -C "$new" || fail "cannot unpack $deb"
done <"$apt/chosen"

sounds=$new/usr/share/asterisk/sounds
if [ ! -e "$sounds/en" ] && [ -d "$sounds/en_US_f_Allison" ]; then
	ln -s en_US_f_Allison "$sounds/en"
fi
loader=$(find "$new/usr/lib64" "$new/usr/lib" -name 'ld-linux*.so.*' 2>/dev/null | head -n 1)
[ -n "$loader" ] || fail "the unpacked packages hold no dynamic loader"
libs=$(dirname "$(find "$new/usr/lib" -name libc.so.6 | head -n 1)")
version=$("$loader" --library-path "$libs" --argv0 asterisk "$new/usr/sbin/asterisk" -V 2>>"$log") || fail "the unpacked Asterisk does not start; full log: $log"
# Paths in it are relative to root/, so that the folder can be moved.
{
	echo "$version"
	echo "layout $layout"
	echo "loader ${loader#"$new"/}"
	echo "libs ${libs#"$new"/}"
} >"$new/.ready"
if [ -e "$CACHE/root" ]; then
	rm -rf "$CACHE/root.old"
	mv "$CACHE/root" "$CACHE/root.old"
fi
mv "$new" "$CACHE/root"
rm -rf "$apt" "$CACHE/root.old"
echo "fetch-asterisk: $version is in $CACHE/root" >&2
