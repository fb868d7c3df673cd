# A worker in Node.js whose loop runs inside a span that does not end, or outside of it.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(node-worker-hub node-worker-sigkill node-worker-root)

node_program() { # node_program SCRIPT SETTING...
  cd "$apps/node" && exec env "${@:2}" node "$1"
}

queue_job() { # queue_job NUMBER: noted in the log as a request
  local url=http://127.0.0.1:$prices/photos/$(($1 % 8))?rid=$1
  printf '{"id": "job-%d", "url": "%s"}' "$1" "$url" >"$queue/$1.part"
  mv "$queue/$1.part" "$queue/$(printf %02d "$1").json"
  echo "{\"method\": \"JOB\", \"path\": \"/photos/$(($1 % 8))\", \"status\": $(($1 % 8 < 7 ? 200 : 404))}" >>"$out/requests.jsonl"
}

record_worker() { # record_worker SCENARIO LOOP SIGNAL
  install node flask-1.30
  receive "$1"
  queue=$work/queue
  rm -rf "$queue"
  mkdir -p "$queue"
  start node_program photos.js PORT=$prices
  photos=$pid
  listening $prices
  start node_program worker.js OTEL_SERVICE_NAME=thumbnails QUEUE="$queue" LOOP="$2"
  worker=$pid
  sleep 1
  for i in $(seq 0 15); do
    queue_job "$i"
    sleep 0.$((2 + i * 7 % 5))
  done
  for i in 16 17 18 19; do queue_job "$i"; done
  sleep 2.5
  stop "$3" "$worker"
  stop TERM "$photos"
  stop INT $receiving
}

worker_versions="@opentelemetry/sdk-trace-node 2.12.0, instrumentation-undici 0.33.0 (tests/apps/node/package-lock.json)"

node-worker-hub() {
  record_worker node-worker-hub worker INT
  keep node-worker-hub --title "a worker whose loop began inside a span: every job is under it" --ended SIGINT \
    --units rid --versions "$worker_versions" \
    --finding '{"rule": "merged-under-local-span", "requests": 20, "culprit": "worker"}' \
    --note "the jobs are handled one after the other; the requests of this label are the jobs, and photo.url has the rid" \
    --note "the photos come from a service that records nothing"
}

node-worker-sigkill() {
  record_worker node-worker-sigkill worker KILL
  keep node-worker-sigkill --title "the same, but the worker's span never arrives" --ended SIGKILL \
    --units rid --versions "$worker_versions" \
    --finding '{"rule": "merged-under-local-span", "requests": 20, "culprit": null}' \
    --note "the common parent of the jobs was open when the process was killed, so nobody ever exports it"
}

node-worker-root() {
  record_worker node-worker-root root INT
  keep node-worker-root --title "the same worker, its loop begun with an empty context" --ended SIGINT \
    --units rid --versions "$worker_versions"
}
