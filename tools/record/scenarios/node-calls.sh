# Node.js services that call others: by hand-made spans, and many at once.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(node-internal-call node-client-call node-fan-out)

record_albums() { # record_albums SCENARIO CALLS
  install node flask-1.30
  receive "$1"
  start node_program photos.js PORT=$prices
  photos=$pid
  start node_program albums.js OTEL_SERVICE_NAME=albums PORT=$port PHOTOS_PORT=$prices CALLS="$2"
  albums=$pid
  listening $prices
  listening $port
  visit -n 12 --over 4 --tail 4 --rid --paths "/albums/1,/albums/3,/albums/6,/albums/9"
  sleep 2.5
  stop TERM "$albums" "$photos"
  stop INT $receiving
}

calls_versions="@opentelemetry/sdk-trace-node 2.12.0, instrumentation-http 0.223.0 (tests/apps/node/package-lock.json)"

node-internal-call() {
  record_albums node-internal-call internal
  keep node-internal-call --title "calls to another service, recorded by hand as INTERNAL" --ended SIGTERM --versions "$calls_versions" \
    --finding '{"rule": "http-call-not-client", "spans": 32}' --note "the photos come from a service that records nothing"
}

node-client-call() {
  record_albums node-client-call client
  keep node-client-call --title "the same calls, recorded by hand as CLIENT" --ended SIGTERM --versions "$calls_versions" \
    --note "the photos come from a service that records nothing"
}

node-fan-out() {
  install node flask-1.30
  receive node-fan-out
  start node_program home.js OTEL_SERVICE_NAME=parts PORT=$second
  parts=$pid
  start node_program home.js OTEL_SERVICE_NAME=home PORT=$port PARTS_PORT=$second
  home=$pid
  listening $second
  listening $port
  visit -n 8 --over 3 --tail 2 --rid --paths "/"
  sleep 2.5
  stop TERM "$home" "$parts"
  stop INT $receiving
  keep node-fan-out --title "a page made of six parts, all asked for at once" --ended SIGTERM --versions "$calls_versions" \
    --note "each trace holds six SERVER spans at the same time, each under a CLIENT span of its own: right"
}
