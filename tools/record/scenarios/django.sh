# Django under a server of its own.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(django-startup-span django-startup-ended django-startup-sigterm)

python_django="opentelemetry-python 1.45.1, contrib 0.66b1, Django 5.2.19 (tests/apps/django/requirements.txt)"
under_startup='{"rule": "http-entry-not-server", "spans": 18}'

record_library() { # record_library SCENARIO SIGNAL OPTION...
  install django flask-1.30
  receive "$1"
  DJANGO_SETTINGS_MODULE=library OTEL_SERVICE_NAME=library \
    start in_app django django opentelemetry-instrument python serve.py --port $port "${@:3}"
  app=$pid
  listening $port
  visit -n 15 --over 6 --tail 3 --rid --paths "/books,/books/1,POST:/loans,/books/2,/books/9"
  sleep 2.5
  stop "$2" "$app"
  stop INT $receiving
}

django-startup-span() {
  record_library django-startup-span INT
  keep django-startup-span --title "a span for the start of the program that also covers the serving" --ended SIGINT \
    --versions "$python_django" --units rid --finding "$under_startup" \
    --finding '{"rule": "merged-under-local-span", "requests": 18, "culprit": "startup"}' \
    --note "the threading instrumentation takes the span along into the thread of each request"
}

django-startup-ended() {
  record_library django-startup-ended INT --end-first
  keep django-startup-ended --title "the same program, but the span ends before the serving begins" --ended SIGINT \
    --versions "$python_django" --units rid
}

django-startup-sigterm() {
  record_library django-startup-sigterm TERM
  keep django-startup-sigterm --title "the span for the start covers the serving and never arrives" --ended SIGTERM \
    --versions "$python_django" --units rid --finding "$under_startup" \
    --finding '{"rule": "merged-under-local-span", "requests": 18, "culprit": null}' \
    --note "SIGTERM kills the program as it is, so the span that was open is never exported"
}
