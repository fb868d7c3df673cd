# Flask and the contexts that come to it from outside: a caller's, a command's, a span of the program's own, a test's.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(fixed-remote-parent changing-remote-parent flask-1.29-no-click click-server-no-click click-server-sigterm)
every+=(flask-noflags flask-noflags-ended flask-noflags-sigterm pytest-client)

python_144="opentelemetry-python 1.44.0, contrib 0.65b0 (tests/apps/click_server/requirements.txt)"

# ---- callers that record nothing -----------------------------------------------------------------------------------

record_called() { # record_called SCENARIO once|each: contexts that a caller sends and nobody exports
  install click-server flask-1.30
  receive "$1"
  OTEL_SERVICE_NAME=notes start in_app click-server click_server opentelemetry-instrument flask --app serve run -p $port
  app=$pid
  listening $port
  visit -n 62 --over 75 --addresses --rid --traceparent "$2" --paths "/notes,POST:/notes,/notes/0,/notes/77"
  sleep 2.5
  stop INT "$app"
  stop INT $receiving
}

fixed-remote-parent() {
  record_called fixed-remote-parent once
  keep fixed-remote-parent --title "a caller that sends the same traceparent with each of its requests" --ended SIGINT \
    --versions "$python_144" --units rid \
    --finding '{"rule": "fixed-remote-parent", "requests": 62, "culprit": null}' \
    --note "five users from five addresses over 75 seconds; the caller itself is not traced, so the parent never arrives"
}

changing-remote-parent() {
  record_called changing-remote-parent each
  keep changing-remote-parent --title "the same caller with a new traceparent for each request" --ended SIGINT \
    --versions "$python_144" --units rid \
    --note "each parent is in a process that nobody records: not a fault of this one"
}

# ---- commands ------------------------------------------------------------------------------------------------------

flask-1.29-no-click() {
  export OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=click
  record_shop flask-1.29-no-click flask-1.29 KILL -n 24 --over 6 --paths "$browsing"
  unset OTEL_PYTHON_DISABLED_INSTRUMENTATIONS
  keep flask-1.29-no-click --title "flask-1.29-sigkill without the click instrumentation" --ended SIGKILL --versions "$python_129" \
    --note "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=click is all that differs"
}

record_notes() { # record_notes SCENARIO SIGNAL VISIT...
  install click-server flask-1.30
  receive "$1"
  OTEL_SERVICE_NAME=notes start in_app click-server click_server opentelemetry-instrument python serve.py --port $port
  app=$pid
  listening $port
  visit -n 16 --over 4 --tail 4 --paths "/notes,POST:/notes,/notes/0,/notes/77" "${@:3}"
  sleep 2.5
  stop "$2" "$app"
  stop INT $receiving
}

click-server-no-click() {
  export OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=click
  record_notes click-server-no-click INT
  unset OTEL_PYTHON_DISABLED_INSTRUMENTATIONS
  keep click-server-no-click --title "click-server-today without the click instrumentation" --ended SIGINT --versions "$python_144" \
    --note "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=click is all that differs"
}

click-server-sigterm() {
  record_notes click-server-sigterm TERM --rid
  keep click-server-sigterm --title "click-server-today, but the command's span never arrives" --ended SIGTERM \
    --versions "$python_144" --units rid --finding '{"rule": "http-entry-not-server", "spans": 20}' \
    --finding '{"rule": "merged-under-local-span", "requests": 20, "culprit": null, "known_issue": "G2"}' \
    --note "SIGTERM kills the program as it is, so the span of the command is never exported"
}

# ---- a span of the program's own, at a version that writes no flags ------------------------------------------------

python_124="opentelemetry-python 1.24.0, contrib 0.45b0 (tests/apps/flask_span/requirements.txt)"
under_service='{"rule": "http-entry-not-server", "spans": 20}'

record_stock() { # record_stock SCENARIO SIGNAL OPTION...
  install flask-span flask-1.30
  receive "$1"
  OTEL_SERVICE_NAME=stock start in_app flask-span flask_span opentelemetry-instrument python stock.py --port $port "${@:3}"
  app=$pid
  listening $port
  visit -n 20 --over 7 --rid --paths "/stock/1,/stock/2,POST:/deliveries,/stock/9"
  sleep 2.5
  stop "$2" "$app"
  stop INT $receiving
}

flask-noflags() {
  record_stock flask-noflags INT
  keep flask-noflags --title "a span around the whole server, at a version that writes no flags" --ended SIGINT \
    --versions "$python_124" --units rid --finding "$under_service" \
    --finding '{"rule": "merged-under-local-span", "requests": 20, "culprit": "stock-service"}' \
    --note "the server answers in the thread in which the span is current"
}

flask-noflags-ended() {
  record_stock flask-noflags-ended INT --end-first
  keep flask-noflags-ended --title "the same program, but the span ends before the server starts" --ended SIGINT \
    --versions "$python_124" --units rid
}

flask-noflags-sigterm() {
  record_stock flask-noflags-sigterm TERM
  keep flask-noflags-sigterm --title "the span around the server never arrives, and no flags tell that it was a local one" --ended SIGTERM \
    --versions "$python_124" --units rid --finding "$under_service" \
    --finding '{"rule": "merged-under-local-span", "requests": 20, "culprit": null}' \
    --note "that a Flask span is INTERNAL is the only sign that its parent was in the same process"
}

# ---- tests ---------------------------------------------------------------------------------------------------------

pytest-client() {
  install pytest-flask flask-1.30
  receive pytest-client
  OTEL_SERVICE_NAME=stock-tests start in_app pytest-flask pytest_flask opentelemetry-instrument pytest -q -p no:cacheprovider --export-traces
  wait "$pid"
  stop INT $receiving
  cp "$work/pytest_flask/requests.jsonl" "$out/"
  keep pytest-client --title "a test run that calls a Flask app in its own process" --ended "by itself" \
    --versions "opentelemetry-python 1.45.1, contrib 0.66b1, pytest-opentelemetry 1.1.0 (tests/apps/pytest_flask/requirements.txt)" \
    --note "INTERNAL spans of Flask under the spans of tests: no request came from outside, one run is one trace on purpose"
}
