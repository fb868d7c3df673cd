#!/usr/bin/env bash
# run.sh TARGET [OPTIONS OF LIBFUZZER]: fuzzes from fuzz/corpus/TARGET, on the stable toolchain. Only our own library counts the
# edges that it takes, and it is built as the tests are: optimized, or with all that it depends on counted as well, as
# cargo-fuzz has it, the build takes many times what the runs save. No sanitizer: the code is safe Rust.
set -euo pipefail
cd "$(dirname "$0")/.."
fuzzed=$1
shift
mkdir -p "fuzz/artifacts/$fuzzed" "fuzz/corpus/$fuzzed"
RUSTC_WRAPPER="$PWD/fuzz/instrumented.sh" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}" \
  cargo run --quiet --manifest-path fuzz/Cargo.toml --bin "$fuzzed" -- \
  -artifact_prefix="fuzz/artifacts/$fuzzed/" -timeout=20 -rss_limit_mb=2048 "fuzz/corpus/$fuzzed" "$@"
