# A bookshop on axum, instrumented with tracing: as it should be, and with one mistake at a time (tests/apps/axum).
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(axum axum-no-kind axum-startup-hub axum-startup-sigkill axum-spawn-lost axum-db-internal)

record_books() { # record_books SCENARIO FAULT SIGNAL: 20 requests, and 4 more whose callers have traces of their own
  install axum flask-1.30
  receive "$1"
  OTEL_SERVICE_NAME=bookshop PORT=$port FAULT=$2 start "$apps/axum/bin/bookshop"
  shop=$pid
  listening $port
  visit -n 16 --over 6 --tail 4 --rid --paths "/books/0,/books,POST:/orders,/books/7,/books/1,/nosuchpage"
  for i in 20 21 22 23; do
    visit -n 1 --paths "/books/1?rid=$i" --header "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e47$i-00f067aa0ba902$i-01"
    sleep 0.3
  done
  sleep 2.5
  stop "$3" "$shop"
  stop INT $receiving
}

axum_versions="opentelemetry 0.33.1, tracing-opentelemetry 0.34.0, axum 0.8.9 (tests/apps/axum/Cargo.lock)"
axum_callers="four requests came with a traceparent; their callers export nothing"

axum() {
  record_books axum none INT
  keep axum --title "a bookshop on axum, its spans made with tracing" --ended SIGINT --units rid --versions "$axum_versions" \
    --note "the healthy twin of all axum-*, each of which has one mistake" --note "$axum_callers"
}

axum-no-kind() {
  record_books axum-no-kind no-kind INT
  keep axum-no-kind --title "the same, but the spans of the requests have no otel.kind" --ended SIGINT --versions "$axum_versions" \
    --finding '{"rule": "http-entry-not-server", "spans": 24}' --note "$axum_callers"
}

axum-startup-hub() {
  record_books axum-startup-hub startup-open INT
  keep axum-startup-hub --title "the span of the start stays entered while the server runs" --ended SIGINT \
    --units rid --versions "$axum_versions" \
    --finding '{"rule": "merged-under-local-span", "requests": 20, "culprit": "startup"}' --note "$axum_callers"
}

axum-startup-sigkill() {
  record_books axum-startup-sigkill startup-open KILL
  keep axum-startup-sigkill --title "the same, but the span of the start never arrives" --ended SIGKILL \
    --units rid --versions "$axum_versions" \
    --finding '{"rule": "merged-under-local-span", "requests": 20, "culprit": null}' --note "$axum_callers"
}

axum-spawn-lost() {
  record_books axum-spawn-lost spawn-alone INT
  keep axum-spawn-lost --title "tasks are spawned without the current span, so each is a trace of its own" --ended SIGINT \
    --versions "$axum_versions" \
    --finding '{"rule": "work-outside-request", "requests": 13}' --note "$axum_callers"
}

axum-db-internal() {
  record_books axum-db-internal query-no-kind INT
  keep axum-db-internal --title "the same, but the spans of the database have no otel.kind" --ended SIGINT --versions "$axum_versions" \
    --finding '{"rule": "db-kind-mismatch", "spans": 21}' --note "$axum_callers"
}
