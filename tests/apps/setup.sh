#!/usr/bin/env bash
# Installs what the apps of this directory run on, from exact pins, under target/apps/:
#
#   tests/apps/setup.sh [NAME...]      (default: those that the live tests need)
#
# A name is that of a directory with requirements.txt, package.json or Cargo.toml, with `-` for `_`;
# DIR-SUFFIX is DIR with requirements-SUFFIX.txt. Needs python3 with venv and pip, node and npm, or cargo. A second run installs nothing that is still
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

rust_app() { # rust_app NAME DIRECTORY: its binaries go into bin/
  local want
  want="$(digest "$2/Cargo.toml" "$2/Cargo.lock" "$2"/src/*.rs) $(cargo --version)"
  stale "$1" "$want" || return 0
  cargo install --quiet --locked --path "$2" --root "$apps/$1" --target-dir "$apps/.cargo-$1"
  echo "$want" >"$apps/$1/.stamp"
}

[[ $# -gt 0 ]] || set -- flask-1.29 flask-1.30 click-server fastapi express node
for name in "$@"; do
  found=
  for dir in "$here"/*/; do
    dir=${dir%/}
    base=$(basename "$dir")
    base=${base//_/-}
    suffix=${name#"$base"}
    [[ $suffix != "$name" ]] && [[ -z $suffix || $suffix == -* ]] || continue
    if [[ -f $dir/requirements$suffix.txt ]]; then
      python_app "$name" "$dir/requirements$suffix.txt"
    elif [[ -z $suffix && -f $dir/package.json ]]; then
      node_app "$name" "$dir"
    elif [[ -z $suffix && -f $dir/Cargo.toml ]]; then
      rust_app "$name" "$dir"
    else
      continue
    fi
    found=1
  done
  if [[ -z $found ]]; then
    echo "setup.sh: no app is called $name" >&2
    exit 2
  fi
done
