# Healthy programs of several services, whose traces have shapes that could be taken for faults.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(mesh pubsub-linked pubsub-parented messages-internal timer-beside-requests)

mesh() {
  install fastapi flask-1.30
  receive mesh
  local last=8082
  OTEL_SERVICE_NAME=seats start in_app fastapi mesh opentelemetry-instrument uvicorn seats:app --port $last
  seats=$pid
  SEATS_PORT=$last OTEL_SERVICE_NAME=films start in_app fastapi mesh opentelemetry-instrument uvicorn films:app --port $second
  films=$pid
  SEATS_PORT=$last FILMS_PORT=$second OTEL_SERVICE_NAME=gateway start in_app fastapi mesh opentelemetry-instrument uvicorn gateway:app --port $port
  gateway=$pid
  listening $last
  listening $second
  listening $port
  visit --rid -n 12 --over 4 --tail 4 --paths "/films/1,POST:/tickets/1,/films/2,POST:/tickets/2,/films/9,POST:/tickets/3"
  sleep 2.5
  stop INT "$gateway" "$films" "$seats"
  stop INT $receiving
  keep mesh --title "three FastAPI services: calls at the same time, a call within a call, calls tried again" --ended SIGINT --units rid \
    --versions "opentelemetry-python 1.45.1, contrib 0.66b1 (tests/apps/fastapi/requirements.txt)" \
    --note "/tickets/2 and /tickets/3 call the same path three times, for it answers 503: three CLIENT spans, each with its SERVER span"
}

record_pubsub() { # record_pubsub SCENARIO PARENT
  install flask-1.30
  receive "$1"
  local broker=9001
  start in_app flask-1.30 pubsub python broker.py $broker
  queueing=$pid
  listening $broker
  PARENT=$2 QUEUE_PORT=$broker OTEL_SERVICE_NAME=worker start in_app flask-1.30 pubsub opentelemetry-instrument python worker.py
  worker=$pid
  QUEUE_PORT=$broker OTEL_SERVICE_NAME=shop start in_app flask-1.30 pubsub opentelemetry-instrument python shop.py $port
  shop=$pid
  listening $port
  visit --rid -n 12 --over 6 --paths "POST:/orders/1,POST:/orders/2,POST:/baskets/3"
  sleep 10 # the worker needs half a second a message
  stop INT "$shop" "$worker"
  stop TERM "$queueing"
  stop INT $receiving
}

pubsub-linked() {
  record_pubsub pubsub-linked ""
  keep pubsub-linked --title "messages through a queue: each handled in a trace of its own, with a link to its sender" --ended SIGINT \
    --versions "opentelemetry-python 1.30.0, contrib 0.51b0 (tests/apps/flask/requirements-1.30.txt)"
}

pubsub-parented() {
  record_pubsub pubsub-parented 1
  keep pubsub-parented --title "messages through a queue: each handled under the span that sent it, seconds later" --ended SIGINT --units rid \
    --versions "opentelemetry-python 1.30.0, contrib 0.51b0 (tests/apps/flask/requirements-1.30.txt)" \
    --note "CONSUMER spans start after their PRODUCER and its request have ended: right"
}

messages-internal() { # the twin of pubsub-linked
  FAULT=messages-internal record_pubsub messages-internal ""
  keep messages-internal --title "the same, but neither sending nor handling a message has its kind" --ended SIGINT \
    --versions "opentelemetry-python 1.30.0, contrib 0.51b0 (tests/apps/flask/requirements-1.30.txt)" \
    --finding '{"rule": "messaging-kind-mismatch", "spans": 40}' \
    --note "twenty messages: 'send' and 'process' are INTERNAL"
}

timer-beside-requests() {
  TIMER=1 record_orders timer-beside-requests none -n 24 --over 12 --paths "/weight,/stock,/orders/1,/health"
  keep timer-beside-requests --title "work by a timer beside requests, each time a trace of its own" "${in_peace[@]}" \
    --note "some of it falls into requests by chance; it belongs to none"
}
