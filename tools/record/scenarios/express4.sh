# Express 4 under an SDK whose exporter writes no flags, in both generations of attribute names.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(node-noflags node-noflags-new)

record_letters() { # record_letters SCENARIO OPT-IN
  install express4 flask-1.30
  receive "$1"
  writing() { cd "$apps/express4" && exec env OTEL_SEMCONV_STABILITY_OPT_IN="$opt_in" "$@" node letters.js; }
  opt_in=$2
  start writing OTEL_SERVICE_NAME=archive PORT=$second
  archive=$pid
  start writing OTEL_SERVICE_NAME=letters PORT=$port ARCHIVE_PORT=$second
  letters=$pid
  listening $second
  listening $port
  visit -n 12 --over 4 --tail 3 --rid --paths "/letters/0,/letters,/letters/1,/letters/9,/nosuchpage"
  sleep 2.5
  stop TERM "$letters" "$archive"
  stop INT $receiving
}

letters_versions="@opentelemetry/sdk-trace-node 1.30.1, otlp-transformer and instrumentation-http 0.57.2 (tests/apps/express4/package-lock.json)"

node-noflags() {
  record_letters node-noflags ""
  keep node-noflags --title "two Express 4 services, whose exporter writes no flags" --ended SIGTERM --versions "$letters_versions" \
    --note "whether a parent is remote cannot be told from the flags"
}

node-noflags-new() {
  record_letters node-noflags-new http
  keep node-noflags-new --title "the same with the new names of HTTP attributes" --ended SIGTERM --versions "$letters_versions" \
    --note "whether a parent is remote cannot be told from the flags"
}
