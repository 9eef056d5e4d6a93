#!/bin/sh
# Starts FreeSWITCH with the configuration that `callplane engine-config` wrote. The same in a
# container (any image with FreeSWITCH and a shell), under systemd and by hand.
#   FREESWITCH_STATE   folder with conf/; logs and databases go beside it (default /var/lib/callplane/freeswitch)
#   FREESWITCH_MEDIA   the media library (default /var/lib/callplane/media)
#   FREESWITCH_HOME    where FreeSWITCH is installed, if it is not in a usual place
#   FREESWITCH_MODS    its modules, if they are not in a usual place
set -eu
state=${FREESWITCH_STATE:-/var/lib/callplane/freeswitch}
media=${FREESWITCH_MEDIA:-/var/lib/callplane/media}

fail() { echo "freeswitch.sh: $*" >&2; exit 1; }

[ -r "$state/conf/freeswitch.xml" ] || fail "$state/conf/freeswitch.xml can't be read; write it with: callplane engine-config --dir $state/conf …"

bin=
for b in "${FREESWITCH_HOME:-/nowhere}/bin/freeswitch" /usr/local/freeswitch/bin/freeswitch /usr/bin/freeswitch /opt/freeswitch/bin/freeswitch; do
	[ -x "$b" ] && bin=$b && break
done
[ -n "$bin" ] || bin=$(command -v freeswitch) || fail "FreeSWITCH is not installed (set FREESWITCH_HOME)"

mods=${FREESWITCH_MODS:-}
if [ -z "$mods" ]; then
	for m in "$(dirname "$(dirname "$bin")")/lib/freeswitch/mod" /usr/lib/freeswitch/mod /usr/lib/*/freeswitch/mod; do
		[ -d "$m" ] && mods=$m && break
	done
fi
[ -n "$mods" ] || fail "the folder of FreeSWITCH's modules was not found (set FREESWITCH_MODS)"

# FreeSWITCH only logs a module that is not there, and then takes no calls.
missing=
for m in $(sed -n 's/.*<load module="\(mod_[a-z0-9_]*\)".*/\1/p' "$state/conf/freeswitch.xml"); do
	[ -e "$mods/$m.so" ] || missing="$missing $m"
done
[ -z "$missing" ] || fail "this FreeSWITCH ($bin) lacks$missing"

# Each answer of the controller goes through a temporary file, so these belong into memory.
temp=$state/tmp
shm=/dev/shm/callplane-freeswitch
if mkdir -p -m 700 "$shm" 2>/dev/null && [ -O "$shm" ] && [ ! -L "$shm" ] && [ -w "$shm" ]; then temp=$shm; fi

for d in log db run tmp scripts certs storage cache htdocs grammar; do
	mkdir -p "$state/$d"
done
[ -d "$media" ] || fail "the media folder $media does not exist"
recordings=$media/recordings
mkdir -p "$recordings"

cd "$state"
exec "$bin" -nonat -np -nf -nc \
	-conf "$state/conf" -log "$state/log" -db "$state/db" -run "$state/run" -temp "$temp" \
	-scripts "$state/scripts" -certs "$state/certs" -storage "$state/storage" -cache "$state/cache" \
	-htdocs "$state/htdocs" -grammar "$state/grammar" -recordings "$recordings" -sounds "$media" -mod "$mods"
