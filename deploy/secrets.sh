#!/bin/sh
# Makes the secrets of an installation that do not exist yet, each in a file of its own:
#   secrets.sh [DIR]      default: secrets beside this script
# The folder is closed to others; the files in it are not, because the users inside containers have
# other ids.
set -eu
dir=${1:-$(cd "$(dirname "$0")" && pwd)/secrets}
mkdir -p "$dir"
chmod 700 "$dir"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

make() { # name, content
	[ -s "$dir/$1" ] && return
	(umask 022 && printf '%s\n' "$2" >"$dir/.$1.new")
	mv "$dir/.$1.new" "$dir/$1"
	echo "made $dir/$1"
}

make postgres_password "$(random)"
make database_password "$(random)"
make database_dsn "postgres://callplane:$(cat "$dir/database_password")@127.0.0.1:${POSTGRES_PORT:-5432}/callplane"
make http_token "$(random)"
make esl_password "$(random)"
