"""Takes orders for letters and puts each on a queue, with the context of its PRODUCER span.

SPOOL=DIR opentelemetry-instrument flask --app letters run -p 8080
"""
import spool
from flask import Flask, jsonify, request
from opentelemetry import propagate, trace

app = Flask(__name__)
tracer = trace.get_tracer("letters")
KIND = trace.SpanKind.PRODUCER
MESSAGING = {"messaging.system": "spool", "messaging.destination.name": "letters"}


@app.post("/letters")
def order():
    about = {"messaging.operation.name": "send", "messaging.operation.type": "send", **MESSAGING}
    with tracer.start_as_current_span("send letters", kind=KIND, attributes=about):
        headers = {}
        propagate.inject(headers)
        spool.put({"headers": headers, "order": request.url, "to": request.get_json()["user"]})
    return jsonify(queued=True), 202


@app.get("/health")
def health():
    return jsonify(ok=True)
