"""Packs the orders of a queue, half a second after each was sent. QUEUE_PORT=… opentelemetry-instrument python worker.py

PARENT=1: the span of a message is a child of that which sent it; else it is a root with a link to it.
"""
import os
import queue
import time
from multiprocessing.managers import BaseManager

from opentelemetry import context, propagate, trace
from opentelemetry.trace import Link, SpanKind


class Broker(BaseManager):
    pass


Broker.register("orders")
broker = Broker(("127.0.0.1", int(os.environ.get("QUEUE_PORT", "9001"))), authkey=b"pubsub")
broker.connect()
orders = broker.orders()
KIND = SpanKind.INTERNAL if os.environ.get("FAULT") == "messages-internal" else SpanKind.CONSUMER
tracer = trace.get_tracer("worker.orders")
FACTS = {
    "messaging.system": "memory",
    "messaging.destination.name": "orders",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
}


def process(headers, body):
    sender = propagate.extract(headers)
    link = Link(trace.get_current_span(sender).get_span_context())
    parent = sender if os.environ.get("PARENT") else context.Context()
    with tracer.start_as_current_span("process orders", parent, KIND, FACTS, [link]):
        with tracer.start_as_current_span("pack", attributes={"item": body["item"]}):
            time.sleep(0.005)
        with tracer.start_as_current_span("label"):
            time.sleep(0.002)


try:
    while True:
        try:
            headers, body = orders.get(timeout=0.2)
        except queue.Empty:
            continue
        time.sleep(0.5)
        process(headers, body)
except KeyboardInterrupt:
    pass
