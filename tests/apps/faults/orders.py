"""Orders of a small warehouse, with one fault of instrumentation at most: that which FAULT names.

FAULT=db-internal PRICES_PORT=9000 opentelemetry-instrument python orders.py PORT

The spans of the database, the pool, the queue and the supplier are made by hand, as programs without an instrumentation
for them do.
"""
import os
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from flask import Flask, abort, jsonify
from opentelemetry import context, trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import SpanKind, StatusCode

FAULT = os.environ.get("FAULT", "none")
PRICES = "127.0.0.1:%s" % os.environ.get("PRICES_PORT", "9000")
STOCK = {1: 12, 2: 0, 3: 5, 4: 7}

app = Flask(__name__)
tracer = trace.get_tracer("warehouse")
pool = ThreadPoolExecutor(4)
tick = time.perf_counter_ns()
time.sleep(0.3)  # what a program loads between one clock and the other
wall = time.time_ns()


class Database:
    """Stands for a driver without instrumentation: it takes the time that a query takes."""

    kind = SpanKind.INTERNAL if FAULT == "db-internal" else SpanKind.CLIENT

    def run(self, operation, table, statement):
        facts = {
            "db.system": "postgresql",
            "db.name": "warehouse",
            "db.operation": operation,
            "db.statement": statement,
            "net.peer.name": "db.example",
            "net.peer.port": 5432,
        }
        with tracer.start_as_current_span(f"{operation} {table}", kind=self.kind, attributes=facts):
            time.sleep(0.001 + random.random() / 500)


database = Database()


@app.get("/orders/<int:number>")
def order(number):
    """A repository's own INTERNAL span above the queries that it makes."""
    with tracer.start_as_current_span("OrderRepository.find"):
        database.run("SELECT", "orders", "SELECT id, customer FROM orders WHERE id = $1")
        database.run("SELECT", "lines", "SELECT item, pieces FROM lines WHERE order_id = $1")
    if number not in STOCK:
        abort(404, "no such order")
    return jsonify(order=number, pieces=STOCK[number])


@app.get("/stock")
def stock():
    database.run("SELECT", "stock", "SELECT item, pieces FROM stock")
    return jsonify(STOCK)


@app.post("/checkout")
def checkout():
    """The span is made current by hand; its end is one line that is easily forgotten."""
    span = tracer.start_span("checkout")
    token = context.attach(trace.set_span_in_context(span))
    try:
        database.run("INSERT", "orders", "INSERT INTO orders (customer) VALUES ($1)")
        requests.get(f"http://{PRICES}/price/1", timeout=5)
        with tracer.start_as_current_span("reserve"):
            time.sleep(0.002)
    finally:
        context.detach(token)
        if FAULT != "span-never-ended":
            span.end()
    return jsonify(ok=True), 201


def weigh(item):
    with tracer.start_as_current_span("weigh", attributes={"item": item}):
        time.sleep(0.01 + random.random() / 100)
    return STOCK[item]


@app.get("/weight")
def weight():
    """Work in a pool, which the request waits for. The threading instrumentation carries the context into it."""
    return jsonify(weight=sum(pool.map(weigh, (1, 3, 4))))


def packed():
    """A span whose times come from a clock of the program's own."""
    start = time.time_ns()
    if FAULT == "negative-duration":
        start = wall + time.perf_counter_ns() - tick
    elif FAULT == "stale-clock":
        start -= start % 1_000_000_000 + 50_000_000  # a clock that is read once a second, a little late
    with tracer.start_as_current_span("find box"):
        time.sleep(0.002)
    span = tracer.start_span("pack", start_time=start)
    span.end(end_time=time.time_ns())


def delivered(message):
    """The time that a message waited: from the time in its header until now. The header counts milliseconds."""
    sent = message["sent_ms"] * (1 if FAULT == "wrong-time-unit" else 1_000_000)
    span = tracer.start_span("waiting in queue", start_time=sent)
    span.end()


@app.post("/pack")
def pack():
    packed()
    return jsonify(ok=True), 201


@app.post("/deliver")
def deliver():
    message = {"sent_ms": time.time_ns() // 1_000_000 + 1}
    time.sleep(0.006)
    delivered(message)
    return jsonify(ok=True), 201


@app.get("/supplier/<int:item>")
def supplier(item):
    """A call with credentials in its URL; the span is made by hand, and says what was called."""
    secret = "warehouse:tr0ub4dor" if FAULT == "leaked-secret" else "REDACTED:REDACTED"
    facts = {
        "http.request.method": "GET",
        "url.full": f"http://{secret}@{PRICES}/price/{item}",
        "server.address": PRICES.partition(":")[0],
        "server.port": int(PRICES.partition(":")[2]),
    }
    with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=facts) as span:
        with suppress_instrumentation():
            answer = requests.get(f"http://warehouse:tr0ub4dor@{PRICES}/price/{item}", timeout=5)
        span.set_attribute("http.response.status_code", answer.status_code)
    return answer.json()


@app.get("/health")
def health():
    return jsonify(ok=True)


@app.errorhandler(404)
def missing(problem):
    if FAULT == "status-misuse":
        trace.get_current_span().set_status(StatusCode.ERROR, "not found")
    return jsonify(error=str(problem)), 404


def refresh():
    """With TIMER: work that no request has asked for, five times a second, each time a trace of its own."""
    while True:
        with tracer.start_as_current_span("refresh stock"):
            database.run("SELECT", "stock", "SELECT item, pieces FROM stock")
        time.sleep(0.2)


if __name__ == "__main__":
    if os.environ.get("TIMER"):
        threading.Thread(target=refresh, daemon=True).start()
    app.run(port=int(sys.argv[1]), threaded=True)
