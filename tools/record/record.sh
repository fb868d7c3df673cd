#!/usr/bin/env bash
# Records the captures of tests/captures and assets/demo.jsonl anew, from real SDKs. README.md tells what each one is.
#
#   tools/record/record.sh SCENARIO...      or `all`
#   tools/record/record.sh --install SCENARIO...      only what they need: then they record without a network
#
# Everything is installed and run under RECORD_DIR (/tmp/otoscope unless set), so that the paths in a capture, those of
# stack traces and command lines, are the same whoever records it. Uses the ports 8080, 8081, 9000 and 14318
# (UDP too).
set -euo pipefail
set -m # or programs in the background would be deaf to SIGINT

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
record=$root/tools/record
work=${RECORD_DIR:-/tmp/otoscope}
captures=$root/tests/captures
apps=$work/apps
port=8080 second=8081 prices=9000 receiver=14318

export PYTHONDONTWRITEBYTECODE=1 PRICES_PORT=$prices
export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none OTEL_TRACES_EXPORTER=otlp
export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$receiver OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_BSP_SCHEDULE_DELAY=1000

trap 'for pid in $(jobs -p); do kill -KILL "$pid" 2>/dev/null; done' EXIT

# ---- running programs ----------------------------------------------------------------------------------------------

install() { # install APP...: the virtualenvs and modules, and a copy of the programs
  CARGO_TARGET_DIR=$work "$root/tests/apps/setup.sh" "$@"
  local program dir
  for program in "$root"/tests/apps/*/*.py; do
    dir=$(basename "$(dirname "$program")")
    mkdir -p "$work/$dir"
    cp "$program" "$work/$dir/"
  done
  [[ -z $only_install ]] || exit 0
}

start() { # start COMMAND...: in the background; its process id is in $pid
  "$@" &
  pid=$!
}

in_app() { # in_app APP DIRECTORY COMMAND...: with the app's virtualenv first on the PATH
  cd "$work/$2"
  PATH=$apps/$1/bin:$PATH exec "${@:3}"
}

listening() { # listening PORT: waits until something does
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.1
  done
  echo "nothing listens on port $1" >&2
  return 1
}

stop() { # stop SIGNAL PID...: and waits until they are gone
  for one in "${@:2}"; do kill -s "$1" "$one"; done
  for one in "${@:2}"; do
    wait "$one" 2>/dev/null || true
  done
}

receive() { # receive SCENARIO: starts the receiver
  out=$work/out/$1
  rm -rf "$out"
  mkdir -p "$out"
  start "$apps/flask-1.30/bin/python" "$record/capture.py" serve --port $receiver --udp $receiver --out "$out"
  receiving=$pid
  listening $receiver
}

visit() { # visit ARGUMENTS...: requests to the app, noted in the log
  python3 "$root/tests/apps/drive.py" --base "http://127.0.0.1:$port" --log "$@" >>"$out/requests.jsonl"
}

keep() { # keep SCENARIO ARGUMENTS...: moves the capture to its place and labels it
  mkdir -p "$captures/$1"
  cp "$out/capture.jsonl" "$captures/$1/"
  python3 "$record/label.py" write "$captures/$1" --requests "$out/requests.jsonl" "${@:2}"
  python3 "$record/label.py" check "$captures/$1"
}

count_all() { # count_all DIRECTORY: writes what its files hold, counted without otoscope
  python3 "$record/label.py" count "$captures/$1"
}

# ---- the scenarios -------------------------------------------------------------------------------------------------

every=()
for family in "$record"/scenarios/*.sh; do
  # shellcheck source=/dev/null
  source "$family"
done

only_install=
[[ ${1-} != --install ]] || { only_install=1; shift; }
[[ $# -gt 0 ]] || { echo "usage: record.sh [--install] all | ${every[*]}" >&2; exit 2; }
[[ $1 != all ]] || set -- "${every[@]}"
for scenario in "$@"; do
  [[ " ${every[*]} " == *" $scenario "* ]] || { echo "record.sh: no scenario is called $scenario" >&2; exit 2; }
  echo "== $scenario" >&2
  if [[ $only_install ]]; then ("$scenario"); else "$scenario"; fi
done
