# uvicorn: connections that hand the context of one request to the next, tasks that take it over, and a websocket.
# Sourced by record.sh: one function a scenario, each named in `every`.
every+=(uvicorn-keepalive-leak uvicorn-keepalive-reset uvicorn-keepalive-new-semconv uvicorn-keepalive-uvloop)
every+=(uvicorn-keepalive-users background-loop background-loop-apart websocket-chat)

python_uvicorn="opentelemetry-python 1.45.1, contrib 0.66b1, uvicorn 0.54.0 (tests/apps/uvicorn/requirements.txt)"

open_uvicorn() { # open_uvicorn SERVICE APP OPTION...: it is $app
  OTEL_SERVICE_NAME=$1 start in_app uvicorn uvicorn opentelemetry-instrument uvicorn "$2:app" --port $port --http h11 "${@:3}"
  app=$pid
  listening $port
}

close_uvicorn() { # after the spans of the requests were exported
  sleep 2.5
  stop INT "$app"
  stop INT $receiving
}

# ---- uploads over kept connections ---------------------------------------------------------------------------------

record_uploads() { # record_uploads SCENARIO "OPTION..." VISIT...: OPTIONs of uvicorn
  install uvicorn flask-1.30
  receive "$1"
  # shellcheck disable=SC2086
  open_uvicorn photos uploads $2
  visit --keep-alive --body 200000 --rid --paths "POST:/photos,/photos/0" "${@:3}"
  close_uvicorn
}

keep_uploads() { # keep_uploads SCENARIO MERGED INHERITED TITLE ARGUMENTS...
  # MERGED requests are in traces of more than one, INHERITED of them began in the context of an earlier one
  local wrong=()
  [[ $2 = 0 ]] || wrong=(
    --finding "{\"rule\": \"http-entry-not-server\", \"spans\": $3}"
    --finding "{\"rule\": \"request-inherits-finished-request\", \"requests\": $2, \"known_issue\": \"G4\"}"
    --note "the context passes on at each body of more than 64 KiB; a parent is a finished POST or a finished 'http receive' of one"
  )
  keep "$1" --title "$4" --ended SIGINT --versions "$python_uvicorn" --units rid "${wrong[@]}" "${@:5}"
}

one_connection=(-n 14 --over 9 --users 1)

uvicorn-keepalive-leak() {
  record_uploads uvicorn-keepalive-leak "--loop asyncio" "${one_connection[@]}"
  keep_uploads uvicorn-keepalive-leak 14 13 "uploads over one kept connection: each request begins in the context of the last upload"
}

uvicorn-keepalive-reset() {
  record_uploads uvicorn-keepalive-reset "--loop asyncio --reset-contextvars" "${one_connection[@]}"
  keep_uploads uvicorn-keepalive-reset 0 0 "the same with uvicorn's --reset-contextvars"
}

uvicorn-keepalive-uvloop() {
  record_uploads uvicorn-keepalive-uvloop "--loop uvloop" "${one_connection[@]}"
  keep_uploads uvicorn-keepalive-uvloop 0 0 "the same on uvloop"
}

uvicorn-keepalive-new-semconv() {
  export OTEL_SEMCONV_STABILITY_OPT_IN=http
  record_uploads uvicorn-keepalive-new-semconv "--loop asyncio" "${one_connection[@]}"
  unset OTEL_SEMCONV_STABILITY_OPT_IN
  keep_uploads uvicorn-keepalive-new-semconv 14 13 "the leak with the attributes of the stable HTTP conventions"
}

uvicorn-keepalive-users() {
  record_uploads uvicorn-keepalive-users "--loop asyncio --timeout-keep-alive 30" -n 18 --over 8 --users 3 --addresses
  keep_uploads uvicorn-keepalive-users 15 12 "the leak on the kept connections of three users" \
    --note "three requests that came before the first upload of their connection are traces of their own"
}

# ---- a task in the background --------------------------------------------------------------------------------------

record_rates() { # record_rates SCENARIO
  install uvicorn flask-1.30
  receive "$1"
  start in_app flask-1.30 flask python prices.py
  pricing=$pid
  listening $prices
  open_uvicorn rates rates --loop asyncio
  visit -n 10 --over 58 --paths "/rates/eur,/rates/usd,/rates/chf"
  close_uvicorn
  stop TERM "$pricing"
}

background-loop() {
  record_rates background-loop
  keep background-loop --title "the first request starts a task that renews prices each second, in the context of the request" \
    --ended SIGINT --versions "$python_uvicorn" \
    --finding '{"rule": "background-loop-inherits-request", "culprit": "GET /rates/{currency}"}' \
    --note "one trace holds the first request and every CLIENT span of the task; the other requests are right"
}

background-loop-apart() {
  export RENEWAL_CONTEXT=empty
  record_rates background-loop-apart
  unset RENEWAL_CONTEXT
  keep background-loop-apart --title "the same task, created with an empty context" --ended SIGINT --versions "$python_uvicorn" \
    --note "each renewal is a trace of its own that begins with a CLIENT span: right, no request asked for it"
}

# ---- a websocket ---------------------------------------------------------------------------------------------------

websocket-chat() {
  install uvicorn flask-1.30
  receive websocket-chat
  open_uvicorn chat chat --loop asyncio
  start in_app uvicorn uvicorn python talk.py "ws://127.0.0.1:$port/chat" 22 68 >>"$out/requests.jsonl"
  talking=$pid
  visit -n 8 --over 60 --paths /log
  wait "$talking"
  close_uvicorn
  keep websocket-chat --title "a websocket open for more than a minute, and plain requests beside it" --ended SIGINT \
    --versions "$python_uvicorn" \
    --note "22 messages each way are INTERNAL spans under the one SERVER span of the connection: long, but one connection"
}
