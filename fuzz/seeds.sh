#!/usr/bin/env bash
# Where fuzzing starts: pieces of what the tests read, put into fuzz/corpus/. Nothing of it is committed twice.
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=fuzz/corpus
mkdir -p $corpus/{dump,otlp_json,otlp_protobuf,query,receiver}

# As dumps, found by their content: the first byte says so. Large ones teach nothing that small ones do not.
find tests/captures tests/dumps -type f -size -256k ! -name '*.md' ! -name 'label.json' | while read -r file; do
  { printf '\377'; head -c 16384 "$file"; } > "$corpus/dump/$(tr / - <<< "$file")"
done

# The smallest requests of some captures, a file each.
for file in tests/captures/*/capture.jsonl; do
  name=$(basename "$(dirname "$file")")
  awk 'length < 6000 && n++ < 4' "$file" | split -l 1 - "$corpus/otlp_json/$name-"
done
# One request, behind its length in three bytes, which is no part of it.
for file in tests/captures/protobuf/*-one.binpb; do
  tail -c +4 "$file" > "$corpus/otlp_protobuf/$(basename "$file")"
done

# The same as bodies: to traces, as what they are, packed in every way and whole.
bodies() {
  ls "$corpus/$1" | head -40 | while read -r file; do
    for packed in 0 1 2 3; do
      { printf '\0\'"$2"'\'"$packed"'\'"$packed"'\0'; cat "$corpus/$1/$file"; } > "$corpus/receiver/$file-$packed"
    done
  done
}
bodies otlp_protobuf 0
bodies otlp_json 1

# Every query of the documentation.
n=0
grep -o '`[^`]*`' docs/query.md | tr -d '`' | sort -u | while read -r query; do
  n=$((n + 1))
  printf '%s' "$query" > $corpus/query/$n
done
