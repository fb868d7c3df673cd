#!/usr/bin/env bash
# Stands before rustc: our own library counts the edges that it takes, which is what guides the search. What it depends on
# stays as it is, so that the build of the tests serves here, too.
set -euo pipefail
flags=()
if [[ " $* " == *" --crate-name otoscope "* ]]; then
  flags=(-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares)
fi
exec "$@" "${flags[@]}"
