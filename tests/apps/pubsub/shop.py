"""A shop that puts its orders into a queue. QUEUE_PORT=… opentelemetry-instrument python shop.py PORT

The broker is a queue in memory (`python broker.py PORT`). The spans of messages are made by hand, after the conventions:
PRODUCER here; CONSUMER with a link in worker.py.
"""
import os
import sys
from multiprocessing.managers import BaseManager

from flask import Flask, jsonify
from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind


class Broker(BaseManager):
    pass


Broker.register("orders")
broker = Broker(("127.0.0.1", int(os.environ.get("QUEUE_PORT", "9001"))), authkey=b"pubsub")
broker.connect()
orders = broker.orders()
app = Flask(__name__)
KIND = SpanKind.INTERNAL if os.environ.get("FAULT") == "messages-internal" else SpanKind.PRODUCER
tracer = trace.get_tracer("shop.orders")


def send(body):
    facts = {
        "messaging.system": "memory",
        "messaging.destination.name": "orders",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
    }
    with tracer.start_as_current_span("send orders", kind=KIND, attributes=facts):
        headers = {}
        propagate.inject(headers)
        orders.put((headers, body))


@app.post("/orders/<int:item>")
def order(item):
    send({"item": item})
    return jsonify(item=item), 202


@app.post("/baskets/<int:pieces>")
def basket(pieces):
    """Several messages of one request."""
    for item in range(pieces):
        send({"item": item})
    return jsonify(pieces=pieces), 202


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=False)
