# More faults, one a scenario, each with its healthy twin: a kiosk and a door in FastAPI, a monitor that sets up its own SDK,
# an archive without a framework. Uses open_faulty and close_faulty of faults.sh.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(seeded-ids seeded-traces unseeded-ids exporter-traces-itself exporter-suppressed nested-server nested-internal call-not-client call-client
  duplicate-export single-export killed-before-flush lost-at-sigterm flushed-at-sigint unknown-service named-service high-cardinality-names
  route-names)

# ---- the kiosk ------------------------------------------------------------------------------------------------------

on_fastapi=(--versions "opentelemetry-python 1.45.1, contrib 0.66b1 (tests/apps/fastapi/requirements.txt)")
kiosk=(opentelemetry-instrument uvicorn kiosk:app --port)

record_seeds() { # record_seeds SCENARIO FAULT: two workers with a port each
  FAULT=$2 open_faulty "$1" kiosk fastapi "${kiosk[@]}" $port
  FAULT=$2 OTEL_SERVICE_NAME=kiosk start in_app fastapi faults "${kiosk[@]}" $second
  worker=$pid
  listening $second
  visit -n 9 --over 3 --paths "/papers,/papers/1,/papers/7"
  visit -n 8 --over 3 --seed 2 --paths "/papers/2,/papers" --base "http://127.0.0.1:$second"
  sleep 2
  stop INT "$worker"
  close_faulty
}

seeded-ids() {
  record_seeds seeded-ids seeded-ids
  keep seeded-ids --title "two workers that both seed the random numbers of which ids are made" --ended SIGINT "${on_fastapi[@]}" \
    --finding '{"rule": "trace-id-collision"}' --finding '{"rule": "span-id-collision"}' \
    --note "while both have drawn equally many random numbers, their traces and spans have the same ids; else some ids are cut differently from the same numbers" \
    --note "one cause, so one headline is enough: the traces have two roots each, the ids are equal and the content differs"
}

seeded-traces() {
  record_seeds seeded-traces seeded-traces
  keep seeded-traces --title "two workers with a generator of trace ids of their own, seeded" --ended SIGINT "${on_fastapi[@]}" \
    --finding '{"rule": "trace-id-collision", "traces": 8}' \
    --note "the n-th request of one worker has the trace id of the n-th of the other; the span ids are the SDK's"
}

unseeded-ids() {
  record_seeds unseeded-ids none
  keep unseeded-ids --title "the same two workers, not seeded" --note "the twin of seeded-ids and seeded-traces" --ended SIGINT "${on_fastapi[@]}"
}

record_calls() { # record_calls SCENARIO FAULT
  OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=httpx FAULT=$2 open_faulty "$1" kiosk fastapi "${kiosk[@]}" $port
  visit --rid -n 15 --over 4 --tail 3 --paths "/prices/1,/papers,/basket,/prices/2"
  close_faulty
}

call-not-client() {
  record_calls call-not-client call-not-client
  keep call-not-client --title "spans of calls, made by hand, are INTERNAL" --ended SIGINT --units rid "${on_fastapi[@]}" \
    --finding '{"rule": "http-call-not-client", "spans": 21}' \
    --note "what is called has no instrumentation"
}

call-client() {
  record_calls call-client none
  keep call-client --title "the same spans are CLIENT" --ended SIGINT --units rid "${on_fastapi[@]}"
}

record_killed() { # record_killed SCENARIO SIGNAL: six reports are being written when the worker is told to end; another takes over
  open_faulty "$1" kiosk fastapi "${kiosk[@]}" $port
  visit --rid -n 8 --over 3 --paths "/papers,/papers/2"
  visit -n 0 --tail 6 --seed 2 --paths "/report/1,/report/2" || true & # without an answer, if the worker is killed
  visitors=$!
  sleep 1.9
  stop "$2" "$app"
  wait $visitors || true
  OTEL_SERVICE_NAME=kiosk start in_app fastapi faults "${kiosk[@]}" $port
  app=$pid
  listening $port
  visit -n 12 --over 12 --seed 3 --paths "/papers,/papers/1,/papers/3"
  close_faulty
}

killed-before-flush() {
  record_killed killed-before-flush KILL
  keep killed-before-flush --title "a worker is killed while it answers: parts of requests were exported, the requests never" \
    --ended "SIGKILL, the worker after it by SIGINT" "${on_fastapi[@]}" \
    --finding '{"rule": "missing-local-parent", "missing": 6}' \
    --note "six requests /report, whose first pages were exported before the kill"
}

lost-at-sigterm() {
  record_killed lost-at-sigterm TERM
  keep lost-at-sigterm --title "a worker ends by SIGTERM: it answers its requests, and their spans are lost" \
    --ended "SIGTERM, the worker after it by SIGINT" "${on_fastapi[@]}" \
    --finding '{"rule": "missing-local-parent", "missing": 6}' \
    --note "uvicorn waits for the six requests, then raises the signal again, so that no exit handler runs and nothing is flushed"
}

flushed-at-sigint() {
  record_killed flushed-at-sigint INT
  keep flushed-at-sigint --title "the same worker, told to end by SIGINT: it answers its requests and exports them" --ended SIGINT "${on_fastapi[@]}"
}

record_names() { # record_names SCENARIO SERVICE
  open_faulty "$1" "$2" fastapi "${kiosk[@]}" $port
  visit --rid -n 14 --over 4 --paths "/papers,/papers/1,/prices/2,/papers/9"
  close_faulty
}

unknown-service() {
  OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=httpx record_names unknown-service ""
  keep unknown-service --title "nobody has named the service" --ended SIGINT --units rid "${on_fastapi[@]}" \
    --finding '{"rule": "unknown-service"}'
}

named-service() {
  OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=httpx record_names named-service kiosk
  keep named-service --title "the same service with a name" --ended SIGINT --units rid "${on_fastapi[@]}"
}

# ---- the door -------------------------------------------------------------------------------------------------------

record_door() { # record_door SCENARIO FAULT
  FAULT=$2 open_faulty "$1" door fastapi opentelemetry-instrument uvicorn door:app --port $port
  visit --rid -n 12 --over 4 --tail 2 --paths "/doors/1,POST:/doors/1/open,/doors/2,/doors/9"
  close_faulty
}

nested-server() {
  record_door nested-server nested-server
  keep nested-server --title "a middleware of the program's own opens a SERVER span below that of the instrumentation" --ended SIGINT \
    --units rid "${on_fastapi[@]}" --finding '{"rule": "nested-server-spans", "spans": 14}'
}

nested-internal() {
  record_door nested-internal none
  keep nested-internal --title "the same middleware, its span INTERNAL" --ended SIGINT --units rid "${on_fastapi[@]}" \
    --note "INTERNAL spans with the attributes of a request, each under a SERVER span of the same request: right"
}

# ---- the monitor ----------------------------------------------------------------------------------------------------

on_flask=(--versions "opentelemetry-python 1.30.0, contrib 0.51b0 (tests/apps/flask/requirements-1.30.txt)")

record_pulse() { # record_pulse SCENARIO FAULT EXPORTER
  FAULT=$2 EXPORTER=$3 open_faulty "$1" monitor flask-1.30 python pulse.py $port
  visit --rid -n 20 --over 14 --paths "/pulse/1,POST:/alarm/1,/pulse/2,/health"
  close_faulty
}

exporter-traces-itself() {
  record_pulse exporter-traces-itself exporter-traces-itself own
  keep exporter-traces-itself --title "an exporter made by hand whose posts are traced, exported, and so on" --ended SIGINT "${on_flask[@]}" \
    --finding '{"rule": "exporter-traces-itself"}' \
    --note "one root CLIENT span a second, POST to /v1/traces, each exported by the next one"
}

exporter-suppressed() {
  record_pulse exporter-suppressed none own
  keep exporter-suppressed --title "the same exporter, which suppresses instrumentation" --ended SIGINT --units rid "${on_flask[@]}"
}

duplicate-export() {
  record_pulse duplicate-export duplicate-export sdk
  keep duplicate-export --title "two span processors send the same spans to the same place" --ended SIGINT --units rid "${on_flask[@]}" \
    --finding '{"rule": "duplicate-span", "spans": 30}' \
    --note "each of thirty spans came twice"
}

single-export() {
  record_pulse single-export none sdk
  keep single-export --title "the same, with one span processor" --ended SIGINT --units rid "${on_flask[@]}"
}

# ---- the archive ----------------------------------------------------------------------------------------------------

record_archive() { # record_archive SCENARIO FAULT: 160 requests for as many letters
  FAULT=$2 open_faulty "$1" archive flask-1.30 opentelemetry-instrument python archive.py $port
  visit -n 160 --gap 0.03 --paths "$(seq -f '/letters/%g' -s , 4001 37 9900)"
  close_faulty
}

high-cardinality-names() {
  record_archive high-cardinality-names high-cardinality
  keep high-cardinality-names --title "spans named after paths with numbers in them" --ended SIGINT "${on_flask[@]}" \
    --finding '{"rule": "high-cardinality-name", "spans": 160}'
}

route-names() {
  record_archive route-names none
  keep route-names --title "the same requests, named after their routes" --ended SIGINT "${on_flask[@]}"
}
