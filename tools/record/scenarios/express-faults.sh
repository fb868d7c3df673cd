# The two express services again, without the net layer: as they should be, and with one setting wrong at a time.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(express-hop express-broken-hop express-no-http)

record_quotes() { # record_quotes SCENARIO PROPAGATORS-OF-THE-GATEWAY INSTRUMENTATIONS-NOT-WANTED
  install express flask-1.30
  receive "$1"
  quoting() {
    cd "$apps/express" && exec env OTEL_NODE_RESOURCE_DETECTORS=env,process OTEL_NODE_DISABLED_INSTRUMENTATIONS="$not_wanted" \
      "$@" node --require @opentelemetry/auto-instrumentations-node/register "$script"
  }
  not_wanted=$3
  script=quotes.js start quoting OTEL_SERVICE_NAME=quotes PORT=$second
  quotes=$pid
  script=gateway.js start quoting OTEL_SERVICE_NAME=gateway PORT=$port QUOTES_PORT=$second OTEL_PROPAGATORS="$2"
  gateway=$pid
  listening $second
  listening $port
  visit -n 14 --over 5 --tail 4 --rid --paths "/quote/0,/any,POST:/quote,/quote/77,/quote/1,/fault"
  sleep 2.5
  stop TERM "$gateway" "$quotes"
  stop INT $receiving
}

express_versions="@opentelemetry/auto-instrumentations-node 0.81.2 (tests/apps/express/package-lock.json)"

express-hop() {
  record_quotes express-hop tracecontext net
  keep express-hop --title "two express services, each call one trace" --ended SIGTERM --versions "$express_versions" \
    --note "the healthy twin of express-broken-hop and express-no-http"
}

express-broken-hop() {
  record_quotes express-broken-hop none net
  keep express-broken-hop --title "the same, but the gateway has OTEL_PROPAGATORS=none: each call is two traces" --ended SIGTERM \
    --versions "$express_versions" --finding '{"rule": "broken-hop", "requests": 15, "culprit": "gateway"}'
}

express-no-http() {
  record_quotes express-no-http tracecontext http,net
  keep express-no-http --title "the same, but neither service has the HTTP instrumentation: no request has a span" --ended SIGTERM \
    --versions "$express_versions" \
    --finding '{"rule": "partially-instrumented", "service": "gateway"}' \
    --finding '{"rule": "partially-instrumented", "service": "quotes"}' \
    --note "the spans of the router have no span of a request above them; three calls by fetch carry a traceparent that nobody reads"
}
