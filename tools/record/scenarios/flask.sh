# Flask under opentelemetry-python: the story, its fixed twin, other exporters, WSGI and click.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(demo flask-1.29-sigint flask-1.29-sigkill flask-1.30 flask-logs console zipkin flask-wsgi click-server-today click-job)

# ---- the shop: `flask run` under opentelemetry-instrument ----------------------------------------------------------

browsing="/,/products/1,/search?q=tea,/products/2,POST:/cart,/cart,/products/13,/,/products/3,POST:/cart,POST:/checkout,/wp-login.php"

open_shop() { # open_shop APP
  start in_app "$1" flask python prices.py
  pricing=$pid
  OTEL_SERVICE_NAME=shop FLASK_APP=shop start in_app "$1" flask opentelemetry-instrument flask run -p $port
  shop=$pid
  listening $prices
  listening $port
}

close_shop() { # close_shop SIGNAL: after the spans of the requests were exported
  sleep 2.5
  stop "$1" "$shop"
  stop TERM "$pricing"
}

record_shop() { # record_shop SCENARIO APP SIGNAL VISIT...
  install "$2" flask-1.30
  receive "$1"
  open_shop "$2"
  visit "${@:4}"
  close_shop "$3"
  stop INT $receiving
}

python_129="opentelemetry-python 1.29.0, contrib 0.50b0 (tests/apps/flask/requirements-1.29.txt)"
python_130="opentelemetry-python 1.30.0, contrib 0.51b0 (tests/apps/flask/requirements-1.30.txt)"
wrong_kind='{"rule": "http-entry-not-server", "spans": 24}'

demo() {
  record_shop demo flask-1.29 INT -n 24 --over 20 --seed 10 --addresses --paths "$browsing"
  mkdir -p "$root/assets"
  cp "$out/capture.jsonl" "$root/assets/demo.jsonl"
}

flask-1.29-sigint() {
  record_shop flask-1.29-sigint flask-1.29 INT -n 24 --over 6 --paths "$browsing"
  keep flask-1.29-sigint --title "flask run, each request a part of the command's span" --ended SIGINT \
    --versions "$python_129" --finding "$wrong_kind" \
    --finding '{"rule": "merged-under-local-span", "requests": 24, "culprit": "run", "known_issue": "G1"}' \
    --note "the span of the command arrives last, in the export at exit"
  mkdir -p "$captures/protobuf"
  cp "$out/capture.binpb" "$captures/protobuf/flask-1.29.binpb"
  "$apps/flask-1.30/bin/python" "$record/capture.py" merge "$out/capture.binpb" "$captures/protobuf/flask-1.29-one.binpb"
}

flask-1.29-sigkill() {
  record_shop flask-1.29-sigkill flask-1.29 KILL -n 24 --over 6 --paths "$browsing"
  keep flask-1.29-sigkill --title "the same, but the command's span never arrives" --ended SIGKILL \
    --versions "$python_129" --finding "$wrong_kind" \
    --finding '{"rule": "merged-under-local-span", "requests": 24, "culprit": null, "known_issue": "G1"}' \
    --note "the common parent of the requests was open when the process was killed, so nobody ever exports it"
}

flask-1.30() {
  record_shop flask-1.30 flask-1.30 INT -n 24 --over 6 --paths "$browsing"
  keep flask-1.30 --title "the same shop and visits at the fixed version" --ended SIGINT --versions "$python_130"
}

flask-logs() {
  export OTEL_LOGS_EXPORTER=otlp OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED=true OTEL_BLRP_SCHEDULE_DELAY=1000
  record_shop flask-logs flask-1.30 INT -n 24 --over 6 --paths "$browsing"
  export OTEL_LOGS_EXPORTER=none
  unset OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED OTEL_BLRP_SCHEDULE_DELAY
  mkdir -p "$captures/flask-logs"
  cp "$out/capture.jsonl" "$captures/flask-logs/"
}

# ---- the shop again, by other exporters ----------------------------------------------------------------------------

console() {
  install flask-1.29 flask-1.30
  out=$work/out/console
  rm -rf "$out"
  mkdir -p "$out" "$captures/console"
  OTEL_TRACES_EXPORTER=console open_shop flask-1.29 >"$out/terminal.txt" 2>&1
  visit -n 8 --over 4 --paths "/,/products/1,POST:/cart,/cart,/products/13,POST:/checkout,/search?q=cup,/"
  close_shop INT
  cp "$out/terminal.txt" "$captures/console/flask-1.29.txt"
  count_all console
}

zipkin() {
  export OTEL_TRACES_EXPORTER=zipkin_json OTEL_EXPORTER_ZIPKIN_ENDPOINT=http://127.0.0.1:$receiver/api/v2/spans
  record_shop zipkin flask-1.29 INT -n 24 --over 6 --paths "$browsing"
  export OTEL_TRACES_EXPORTER=otlp
  mkdir -p "$captures/zipkin"
  cp "$out/zipkin.jsonl" "$captures/zipkin/flask-1.29.jsonl"
  python3 -c 'import json, sys; print(json.dumps([span for line in sys.stdin for span in json.loads(line)]))' \
    <"$out/zipkin.jsonl" >"$captures/zipkin/flask-1.29.json"
  count_all zipkin
}

# ---- other programs ------------------------------------------------------------------------------------------------

flask-wsgi() {
  install flask-1.30
  receive flask-wsgi
  OTEL_SERVICE_NAME=words start in_app flask-1.30 wsgi python app.py $port
  app=$pid
  listening $port
  visit -n 12 --over 3 --tail 6 --paths "/length/cochlea,/longest,/length/ear,/nosuchpage"
  sleep 2
  stop INT "$app"
  stop INT $receiving
  keep flask-wsgi --title "Flask inside the WSGI middleware, both instrumented" --ended SIGINT --versions "$python_130" \
    --note "INTERNAL spans of Flask with the attributes of a request, each under a SERVER span of the same request: right" \
    --note "/longest calls the same process over HTTP: CLIENT and SERVER spans of one service in one trace"
}

click-server-today() {
  install click-server flask-1.30
  receive click-server-today
  OTEL_SERVICE_NAME=notes start in_app click-server click_server opentelemetry-instrument python serve.py --port $port
  app=$pid
  listening $port
  visit -n 16 --over 4 --tail 4 --paths "/notes,POST:/notes,/notes/0,/notes/77"
  sleep 2.5
  stop INT "$app"
  stop INT $receiving
  keep click-server-today --title "a server started by a click command of its own, at versions where flask run is fixed" --ended SIGINT \
    --versions "opentelemetry-python 1.44.0, contrib 0.65b0 (tests/apps/click_server/requirements.txt)" \
    --finding '{"rule": "http-entry-not-server", "spans": 20}' \
    --finding '{"rule": "merged-under-local-span", "requests": 20, "culprit": "serve.py", "known_issue": "G2"}' \
    --note "the click instrumentation names its span after the script"
}

click-job() {
  install flask-1.30
  receive click-job
  open_shop flask-1.30
  OTEL_SERVICE_NAME=reprice start in_app flask-1.30 flask opentelemetry-instrument python job.py --shop "http://127.0.0.1:$port"
  wait "$pid"
  close_shop INT
  stop INT $receiving
  for i in $(seq 0 19); do
    echo "{\"method\": \"GET\", \"path\": \"/products/$((1 + i % 5))\", \"status\": 200}"
  done >"$out/requests.jsonl"
  keep click-job --title "a command that makes twenty requests" --ended "the job by itself, the server by SIGINT" \
    --versions "$python_130" \
    --note "one trace holds twenty SERVER spans, each under a CLIENT span of its own: right, they have a common cause"
}
