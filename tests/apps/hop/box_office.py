"""The box office of a theatre: each request asks the seats service, and hands on the number that it was given.

SEATS_PORT=8081 opentelemetry-instrument python box_office.py PORT
"""
import os
import sys

import requests
from flask import Flask, jsonify, request

app = Flask(__name__)
SEATS = "http://127.0.0.1:%s" % os.environ.get("SEATS_PORT", "8081")


def seats(method, path):
    return requests.request(method, SEATS + path, params={"rid": request.args.get("rid", "0")}, timeout=5)


@app.get("/plays/<int:play>")
def play(play):
    answer = seats("GET", f"/seats/{play}")
    return jsonify(answer.json()), answer.status_code


@app.post("/tickets/<int:play>")
def ticket(play):
    """Two calls, one after the other: are there seats, and take one."""
    if not seats("GET", f"/seats/{play}").ok:
        return jsonify(error="no such play"), 404
    answer = seats("POST", f"/seats/{play}/take")
    return jsonify(answer.json()), 201 if answer.ok else answer.status_code


@app.get("/health")
def health():
    return jsonify(ok=True)


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
