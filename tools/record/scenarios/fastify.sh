# Fastify: a plugin and the HTTP instrumentation, which both record the request.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(fastify-double fastify-single)

record_trains() { # record_trains SCENARIO SETTING...
  install fastify flask-1.30
  receive "$1"
  trains() { cd "$apps/fastify" && exec env OTEL_SERVICE_NAME=trains PORT=$port "$@" node trains.js; }
  start trains "${@:2}"
  app=$pid
  listening $port
  visit -n 16 --over 5 --tail 4 --rid --paths "/trains,/trains/1,POST:/bookings,/trains/7,/delays,/nosuchpage"
  sleep 2.5
  stop TERM "$app"
  stop INT $receiving
}

fastify_versions="@fastify/otel 0.20.0, @opentelemetry/instrumentation-http 0.219.0, sdk-trace-node 2.8.0 (tests/apps/fastify/package-lock.json)"

fastify-double() {
  record_trains fastify-double HTTP_INCOMING=on
  keep fastify-double --title "Fastify's plugin under the HTTP instrumentation: each request has two SERVER spans" --ended SIGTERM \
    --versions "$fastify_versions" \
    --finding '{"rule": "nested-server-spans", "requests": 20, "culprit": "@fastify/otel", "known_issue": "G29"}'
}

fastify-single() {
  record_trains fastify-single HTTP_INCOMING=off
  keep fastify-single --title "the same, but the HTTP instrumentation leaves out the requests that come in" --ended SIGTERM \
    --versions "$fastify_versions"
}
