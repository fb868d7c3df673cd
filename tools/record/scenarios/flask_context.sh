# Flask and the contexts that come to it from outside: a caller's, a command's, a span of the program's own, a test's.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(fixed-remote-parent changing-remote-parent)

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
