# Two services that agree, or do not, on how a context travels between them.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(broken-hop broken-hop-fixed)

record_hop() { # record_hop SCENARIO PROPAGATORS: those of the caller; the callee has the default, tracecontext,baggage
  install hop fastapi flask-1.30
  receive "$1"
  OTEL_SERVICE_NAME=seats start in_app fastapi hop opentelemetry-instrument uvicorn seats:app --port $second
  seats=$pid
  OTEL_PROPAGATORS=$2 SEATS_PORT=$second OTEL_SERVICE_NAME=box-office start in_app hop hop opentelemetry-instrument python box_office.py $port
  office=$pid
  listening $second
  listening $port
  visit --rid -n 14 --over 5 --tail 4 --paths "/plays/1,POST:/tickets/1,/plays/2,POST:/tickets/2,/plays/9,/health,POST:/tickets/3"
  sleep 2.5
  stop INT "$office" "$seats"
  stop INT $receiving
}

hop_versions=(--versions "caller: opentelemetry-python 1.30.0, contrib 0.51b0 (tests/apps/hop/requirements.txt)"
  --versions "callee: opentelemetry-python 1.45.1, contrib 0.66b1 (tests/apps/fastapi/requirements.txt)")

broken-hop() {
  record_hop broken-hop b3
  keep broken-hop --title "the caller sends b3, the callee reads traceparent" --ended SIGINT --units rid "${hop_versions[@]}" \
    --finding '{"rule": "broken-hop", "calls": 24}' \
    --note "each call of box-office is a trace of its own in seats"
}

broken-hop-fixed() {
  record_hop broken-hop-fixed tracecontext,baggage
  keep broken-hop-fixed --title "the same two services, traceparent on both sides" --ended SIGINT --units rid "${hop_versions[@]}"
}
