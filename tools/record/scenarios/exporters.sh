# Exporters and clients of Zipkin and Jaeger: the same few spans through each.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(exporters)

exporters() {
  install exporters exporters-jaeger exporters-node flask-1.30
  local to=http://127.0.0.1:$receiver
  mkdir -p "$captures/zipkin" "$captures/other-exporters"
  # What is sent in Zipkin's JSON of version 2 is read.
  by_exporter zipkin.jsonl zipkin/python-1.45.jsonl exporters exporters python scene.py zipkin-json $to/api/v2/spans
  by_exporter zipkin.jsonl zipkin/py-zipkin-1.2.jsonl exporters exporters python scene.py V2_JSON $to/api/v2/spans
  by_exporter zipkin.jsonl zipkin/node-2.12.jsonl exporters-node apps/exporters-node node scene.js zipkin $to/api/v2/spans
  by_exporter zipkin.jsonl zipkin/zipkin-js-0.22.jsonl exporters-node apps/exporters-node node scene.js zipkin-js $to/api/v2/spans
  # Everything else is named.
  by_exporter zipkin.binpb other-exporters/zipkin-python-1.45.binpb exporters exporters python scene.py zipkin-proto $to/api/v2/spans
  by_exporter zipkin-v1.jsonl other-exporters/zipkin-v1-py-zipkin-1.2.json exporters exporters python scene.py V1_JSON $to/api/v1/spans
  by_exporter zipkin-v1.jsonl other-exporters/zipkin-v1-zipkin-js-0.22.json exporters-node apps/exporters-node node scene.js zipkin-js-v1 $to/api/v1/spans
  by_exporter jaeger.thrift other-exporters/jaeger-python-1.21.thrift exporters-jaeger exporters python scene.py jaeger-http "$to/api/traces?format=jaeger.thrift"
  by_exporter jaeger.udp other-exporters/jaeger-python-1.21.udp exporters-jaeger exporters python scene.py jaeger-udp $receiver
  by_exporter jaeger.udp other-exporters/jaeger-node-2.11.udp exporters-node apps/exporters-node node scene.js jaeger $receiver
  by_exporter jaeger.udp other-exporters/jaeger-client-3.19.udp exporters-node apps/exporters-node node scene.js jaeger-client $receiver
  count_all zipkin
}

by_exporter() { # by_exporter RECEIVED CAPTURE APP DIRECTORY COMMAND...
  receive exporters
  start in_app "${@:3}"
  wait "$pid"
  sleep 0.5
  stop INT $receiving
  cp "$out/$1" "$captures/$2"
}
