#!/usr/bin/env bash
# Installs what the apps of this directory run on, from exact pins, under target/apps/:
#
#   tests/apps/setup.sh [NAME...]      flask-1.29 flask-1.30 click-server fastapi express (default: all)
#
# Needs python3 with venv and pip; `express` needs node and npm. A second run installs nothing that is still
# as the pins say. Respects CARGO_TARGET_DIR. Every package is pinned and installed without its dependencies,
# so the resolver has nothing to search for.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${CARGO_TARGET_DIR:-$here/../../target}/apps"
apps=$(cd "${CARGO_TARGET_DIR:-$here/../../target}/apps" && pwd)

if command -v flock >/dev/null; then # tests may call this at the same time
  exec 9>"$apps/.lock"
  flock 9
fi

digest() { # of the files named, and of what they will be installed with
  { cat "$@"; uname -sm; } | python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

stale() { # stale NAME DIGEST: is anything to be done?
  [[ ! -f $apps/$1/.stamp || $(<"$apps/$1/.stamp") != "$2" ]]
}

python_app() { # python_app NAME REQUIREMENTS
  local want
  want="$(digest "$2") $(python3 -VV | tr '\n' ' ') $(command -v python3)"
  stale "$1" "$want" || return 0
  rm -rf "${apps:?}/$1"
  python3 -m venv "$apps/$1"
  "$apps/$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --no-deps --only-binary=:all: -r "$2"
  "$apps/$1/bin/python" -m pip check --disable-pip-version-check >/dev/null
  echo "$want" >"$apps/$1/.stamp"
}

node_app() { # node_app NAME DIRECTORY: its scripts go beside the modules, where node looks for them
  local want
  want="$(digest "$2/package.json" "$2/package-lock.json") $(node --version)"
  if stale "$1" "$want"; then
    rm -rf "${apps:?}/$1"
    mkdir "$apps/$1"
    cp "$2/package.json" "$2/package-lock.json" "$apps/$1/"
    (cd "$apps/$1" && npm ci --silent --no-audit --no-fund --ignore-scripts)
    echo "$want" >"$apps/$1/.stamp"
  fi
  cp "$2"/*.js "$apps/$1/"
}

[[ $# -gt 0 ]] || set -- flask-1.29 flask-1.30 click-server fastapi express
for name in "$@"; do
  case $name in
    flask-1.29) python_app "$name" "$here/flask/requirements-1.29.txt" ;;
    flask-1.30) python_app "$name" "$here/flask/requirements-1.30.txt" ;;
    click-server) python_app "$name" "$here/click_server/requirements.txt" ;;
    fastapi) python_app "$name" "$here/fastapi/requirements.txt" ;;
    express) node_app "$name" "$here/express" ;;
    *)
      echo "setup.sh: no app is called $name" >&2
      exit 2
      ;;
  esac
done
