# One fault of instrumentation each, and its healthy twin: the same program and visits with one switch turned.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(span-never-ended span-ended pool-context-lost pool-context-kept db-internal db-client negative-duration wrong-time-unit
  one-clock stale-clock leaked-secret redacted-secret leaked-headers
  redacted-headers status-misuse status-unset)

in_peace=(--ended SIGINT --versions "opentelemetry-python 1.30.0, contrib 0.51b0 (tests/apps/flask/requirements-1.30.txt)")

open_faulty() { # open_faulty SCENARIO SERVICE APP COMMAND...: the receiver, the prices and the program; FAULT is the caller's
  install fastapi flask-1.30
  receive "$1"
  start in_app flask-1.30 flask python prices.py
  pricing=$pid
  OTEL_SERVICE_NAME=$2 start in_app "$3" faults "${@:4}"
  app=$pid
  listening $prices
  listening $port
}

close_faulty() { # after the last export
  sleep 2.5
  stop INT "$app"
  stop TERM "$pricing"
  stop INT $receiving
}

record_orders() { # record_orders SCENARIO FAULT VISIT...
  FAULT=$2 open_faulty "$1" warehouse flask-1.30 opentelemetry-instrument python orders.py $port
  visit --rid "${@:3}"
  close_faulty
}

# ---- the warehouse: Flask, spans of the program's own ---------------------------------------------------------------

record_checkout() { # record_checkout SCENARIO FAULT: ten checkouts, then sixteen seconds of other requests
  FAULT=$2 open_faulty "$1" warehouse flask-1.30 opentelemetry-instrument python orders.py $port
  visit --rid -n 14 --over 4 --paths "POST:/checkout,/stock,POST:/checkout,POST:/checkout,/health,POST:/checkout,POST:/checkout"
  visit -n 20 --over 16 --seed 2 --paths "/stock,/orders/1,/health,/orders/3"
  close_faulty
}

span-never-ended() {
  record_checkout span-never-ended span-never-ended
  keep span-never-ended --title "a span made current by hand and never ended" "${in_peace[@]}" \
    --finding '{"rule": "missing-local-parent", "spans": 30, "missing": 10}' \
    --note "ten spans 'checkout' with three children each; the program ran for 18 seconds more, and ended in peace"
}

span-ended() {
  record_checkout span-ended none
  keep span-ended --title "the same, and the span is ended" "${in_peace[@]}"
}

record_pool() { # record_pool SCENARIO DISABLED
  OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=$2 record_orders "$1" none -n 24 --over 12 --paths "/weight,/stock,/weight,/health"
}

pool-context-lost() {
  record_pool pool-context-lost threading
  keep pool-context-lost --title "work in a thread pool, each piece a trace of its own" "${in_peace[@]}" \
    --finding '{"rule": "work-outside-request", "spans": 36}' \
    --note "twelve requests wait for three spans 'weigh' each, which run in a pool that no instrumentation watches"
}

pool-context-kept() {
  record_pool pool-context-kept none
  keep pool-context-kept --title "the same, with the threading instrumentation" --units rid "${in_peace[@]}"
}

record_db() { # record_db SCENARIO FAULT
  record_orders "$1" "$2" -n 20 --over 5 --tail 4 --paths "/orders/1,/stock,/orders/4,/health,/orders/77"
}

db-internal() {
  record_db db-internal db-internal
  keep db-internal --title "spans of database queries, made by hand, are INTERNAL" --units rid "${in_peace[@]}" \
    --finding '{"rule": "db-kind-mismatch", "spans": 33}'
}

db-client() {
  record_db db-client none
  keep db-client --title "the same spans are CLIENT" --units rid "${in_peace[@]}" \
    --note "above most of them is an INTERNAL span of the program, without attributes of a database"
}

record_times() { # record_times SCENARIO FAULT
  record_orders "$1" "$2" -n 16 --over 6 --paths "POST:/pack,/stock,POST:/deliver,/health"
}

negative-duration() {
  record_times negative-duration negative-duration
  keep negative-duration --title "a span that starts by one clock and ends by another" --units rid "${in_peace[@]}" \
    --finding '{"rule": "negative-duration", "spans": 4}' \
    --note "the clock of the starts is 0.3 s fast: each 'pack' ends 0.3 s before it starts"
}

wrong-time-unit() {
  record_times wrong-time-unit wrong-time-unit
  keep wrong-time-unit --title "a start time in milliseconds where nanoseconds are wanted" --units rid "${in_peace[@]}" \
    --finding '{"rule": "implausible-time", "spans": 4}' \
    --note "each 'waiting in queue' starts in January 1970; that it starts before its parent is the same fault"
}

stale-clock() {
  record_times stale-clock stale-clock
  keep stale-clock --title "a start time from a clock that is read once a second" --units rid "${in_peace[@]}" \
    --finding '{"rule": "child-before-parent", "spans": 4}' \
    --note "each 'pack' starts before the request that it is a part of"
}

one-clock() {
  record_times one-clock none
  keep one-clock --title "the same spans by one clock, in nanoseconds" --units rid "${in_peace[@]}" \
    --note "the twin of negative-duration, wrong-time-unit and stale-clock"
}

record_supplier() { # record_supplier SCENARIO FAULT
  record_orders "$1" "$2" -n 12 --over 4 --paths "/supplier/1,/stock,/supplier/2"
}

leaked-secret() {
  record_supplier leaked-secret leaked-secret
  keep leaked-secret --title "URLs with a password in the spans of calls" --units rid "${in_peace[@]}" \
    --finding '{"rule": "leaked-secret", "spans": 8}'
}

redacted-secret() {
  record_supplier redacted-secret none
  keep redacted-secret --title "the same, with the credentials redacted" --units rid "${in_peace[@]}"
}

record_headers() { # record_headers SCENARIO SANITIZED: the instrumentation records all headers, but for values of the sanitized
  OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST=".*" OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS=$2 \
    record_orders "$1" none -n 12 --over 4 --paths "/stock,/orders/1,/health" --header "Authorization: Bearer 5f4dcc3b5aa765d61d83"
}

leaked-headers() {
  record_headers leaked-headers ""
  keep leaked-headers --title "all headers of requests are recorded, cookies and tokens too" --units rid "${in_peace[@]}" \
    --finding '{"rule": "leaked-secret", "spans": 12}'
}

redacted-headers() {
  record_headers redacted-headers "cookie,authorization"
  keep redacted-headers --title "the same, the values of both headers redacted by the instrumentation" --units rid "${in_peace[@]}"
}

record_status() { # record_status SCENARIO FAULT
  record_orders "$1" "$2" -n 18 --over 5 --paths "/orders/1,/orders/77,/nosuchpage,/stock,/orders/78,/health"
}

status-misuse() {
  record_status status-misuse status-misuse
  keep status-misuse --title "answers of 404 are marked as errors of the server" --units rid "${in_peace[@]}" \
    --finding '{"rule": "status-misuse", "spans": 9}'
}

status-unset() {
  record_status status-unset none
  keep status-unset --title "the same answers, their status left unset" --units rid "${in_peace[@]}"
}
