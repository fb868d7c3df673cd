"""The stock of a warehouse, served inside a span of the program's own.

opentelemetry-instrument python stock.py --port 8080 [--end-first]

The span stays current while the server runs, and it serves in the same thread: every request becomes a part of the
span. With --end-first the span is over before the first request.
"""
import argparse
import sqlite3

from flask import Flask, abort, jsonify, request
from opentelemetry import trace

app = Flask(__name__)
db = sqlite3.connect(":memory:", check_same_thread=False)


def fill():
    db.executescript("create table stock (item integer primary key, pieces integer)")
    db.executemany("insert into stock values (?, ?)", [(item, 10 * item) for item in range(1, 6)])


@app.get("/stock/<int:item>")
def pieces(item):
    row = db.cursor().execute("select pieces from stock where item = ?", (item,)).fetchone()
    return jsonify(item=item, pieces=row[0]) if row else abort(404)


@app.post("/deliveries")
def delivery():
    item = int(request.get_json()["item"])
    db.cursor().execute("update stock set pieces = pieces + 1 where item = ?", (item,))
    return jsonify(item=item), 201


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--port", type=int, default=8080)
    ap.add_argument("--end-first", action="store_true")
    args = ap.parse_args()
    serve = lambda: app.run(port=args.port, threaded=False)
    with trace.get_tracer("stock").start_as_current_span("stock-service"):
        fill()
        if not args.end_first:
            serve()
    if args.end_first:
        serve()
