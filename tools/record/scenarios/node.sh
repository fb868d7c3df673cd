# Node.js programs.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(express)

express() {
  install express flask-1.30
  receive express
  export OTEL_EXPORTER_OTLP_PROTOCOL=http/json OTEL_NODE_RESOURCE_DETECTORS=env,process
  node_app() { cd "$apps/express" && exec node --require @opentelemetry/auto-instrumentations-node/register "$1"; }
  PORT=$second OTEL_SERVICE_NAME=quotes start node_app quotes.js
  quotes=$pid
  PORT=$port QUOTES_PORT=$second OTEL_SERVICE_NAME=gateway start node_app gateway.js
  gateway=$pid
  listening $second
  listening $port
  visit -n 12 --over 4 --tail 4 --paths "/quote/0,/any,POST:/quote,/quote/77,/fault,/nosuchpage"
  sleep 2.5
  stop TERM "$gateway" "$quotes"
  stop INT $receiving
  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
  keep express --title "two express services, OTLP/JSON from the JavaScript exporter" --ended SIGTERM \
    --versions "@opentelemetry/auto-instrumentations-node 0.81.2 (tests/apps/express/package-lock.json)" \
    --note "times are of milliseconds, so a child can seem to begin before its parent or to end after it" \
    --note "capture.raw.jsonl holds the bodies as the exporter sent them"
  cp "$out/capture.raw.jsonl" "$captures/express/"
}
