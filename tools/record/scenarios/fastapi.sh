# FastAPI under uvicorn.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(fastapi)

fastapi() {
  install fastapi flask-1.30
  receive fastapi
  OTEL_SERVICE_NAME=rooms start in_app fastapi fastapi opentelemetry-instrument uvicorn rooms:app --port $second
  rooms=$pid
  ROOMS_PORT=$second OTEL_SERVICE_NAME=bookings start in_app fastapi fastapi opentelemetry-instrument uvicorn bookings:app --port $port
  bookings=$pid
  listening $second
  listening $port
  visit -n 15 --over 4 --tail 5 --paths "POST:/bookings/101,/overview,POST:/bookings/102,/health,POST:/bookings/999"
  sleep 2.5
  stop TERM "$bookings" "$rooms"
  stop INT $receiving
  keep fastapi --title "two FastAPI services which call each other by httpx" --ended SIGTERM \
    --versions "opentelemetry-python 1.45.1, contrib 0.66b1 (tests/apps/fastapi/requirements.txt)" \
    --note "the ASGI instrumentation's own INTERNAL spans (http send, http receive) are no requests, though some carry a status"
}
