#!/bin/sh
# Starts the controller: brings the database up to date, makes missing prompts, serves. The same in a
# container, under systemd and by hand. With arguments it runs that subcommand only.
#   CONTROLLER_BIN   the program (default: callplane on PATH)
#   PROMPTS          arguments for `callplane prompts`; "no": the media folder has them already
set -eu
bin=${CONTROLLER_BIN:-callplane}
if [ $# -gt 0 ]; then
	exec "$bin" "$@"
fi
"$bin" migrate
if [ "${PROMPTS:-}" != no ]; then
	# shellcheck disable=SC2086 — arguments
	"$bin" prompts ${PROMPTS:-}
fi
exec "$bin" serve
