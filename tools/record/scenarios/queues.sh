# Queues between two programs: Celery, and a worker made by hand.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(celery-worker jobs-merged jobs-merged-sigterm jobs-extracted)

python_queues="opentelemetry-python 1.45.1, contrib 0.66b1 (tests/apps/celery_queue/requirements.txt)"

record_queue() { # record_queue SCENARIO SIGNAL SERVICE APP PATH WORKER...: Flask's APP, and a WORKER that takes what it queues
  install celery-queue flask-1.30
  receive "$1"
  export SPOOL=$work/spool
  rm -rf "$SPOOL"
  OTEL_SERVICE_NAME=$3-worker start in_app celery-queue celery_queue opentelemetry-instrument "${@:6}"
  worker=$pid
  OTEL_SERVICE_NAME=$3 start in_app celery-queue celery_queue opentelemetry-instrument flask --app "$4" run -p $port
  app=$pid
  listening $port
  visit -n 15 --over 8 --rid --paths "POST:$5,POST:$5,POST:$5,POST:$5,/health"
  sleep 3.5
  stop "$2" "$worker"
  stop INT "$app"
  stop INT $receiving
  unset SPOOL
}

celery-worker() {
  record_queue celery-worker TERM pictures thumbnails:web /pictures celery --app thumbnails worker --pool solo --loglevel warning
  keep celery-worker --title "Flask puts tasks on a queue, a Celery worker does them" --ended "SIGTERM, which Celery handles" \
    --versions "$python_queues" --versions "celery 5.7.0" --units rid
}

jobs-merged() {
  record_queue jobs-merged INT letters letters /letters python work_off.py
  keep jobs-merged --title "a worker whose jobs all go into the span of its loop" --ended SIGINT --versions "$python_queues" \
    --units rid --finding '{"rule": "merged-under-local-span", "requests": 12, "culprit": "work off"}' \
    --note "requests of the finding are jobs, CONSUMER spans; letter.order tells the request that ordered the job" \
    --note "the messages carry a context, which the worker does not read"
}

jobs-merged-sigterm() {
  record_queue jobs-merged-sigterm TERM letters letters /letters python work_off.py
  keep jobs-merged-sigterm --title "the same worker, but the span of its loop never arrives" --ended SIGTERM \
    --versions "$python_queues" --units rid --finding '{"rule": "merged-under-local-span", "requests": 12, "culprit": null}' \
    --note "requests of the finding are jobs, CONSUMER spans; letter.order tells the request that ordered the job"
}

jobs-extracted() {
  record_queue jobs-extracted INT letters letters /letters python work_off.py --extract
  keep jobs-extracted --title "the same worker, which goes on in the context of each message" --ended SIGINT \
    --versions "$python_queues" --units rid --note "the span of the loop is a trace of its own"
}
