"""A small shop. The prices come from another process over plain HTTP, the carts from sqlite.

FLASK_APP=shop PRICES_PORT=9000 opentelemetry-instrument flask run -p 8080
"""
import os
import sqlite3
import time

import requests
from flask import Flask, abort, jsonify, render_template_string, request

app = Flask(__name__)
PRICES = "http://127.0.0.1:%s" % os.environ.get("PRICES_PORT", "9000")
CATALOGUE = {1: "kettle", 2: "teapot", 3: "cup", 4: "saucer", 5: "spoon"}


def carts():
    """One connection for each use: all of them see the same data base in memory."""
    return sqlite3.connect("file:carts?mode=memory&cache=shared", uri=True)


kept_open = carts()  # the data base lives as long as this connection
kept_open.executescript("create table carts (user text, item integer, at real)")


@app.get("/")
def index():
    page = "<h1>Tea shop</h1>{% for id, name in items %}<a href=/products/{{ id }}>{{ name }}</a>{% endfor %}"
    return render_template_string(page, items=CATALOGUE.items())


@app.get("/products/<int:item>")
def product(item):
    if item not in CATALOGUE:
        abort(404)
    price = requests.get(f"{PRICES}/price/{item}", timeout=5).json()
    return jsonify(name=CATALOGUE[item], **price)


@app.get("/search")
def search():
    word = request.args.get("q", "")
    return jsonify([name for name in CATALOGUE.values() if word in name])


@app.post("/cart")
def add():
    user, item = request.cookies.get("session", "guest"), int(request.get_json()["item"])
    with carts() as db:
        db.cursor().execute("insert into carts values (?, ?, ?)", (user, item, time.time()))
    return jsonify(added=CATALOGUE.get(item)), 201


@app.get("/cart")
def show():
    user = request.cookies.get("session", "guest")
    cursor = carts().cursor()
    cursor.execute("select item from carts where user = ? order by at", (user,))
    return jsonify([CATALOGUE.get(item) for (item,) in cursor.fetchall()])


@app.post("/checkout")
def checkout():
    time.sleep(0.02)
    raise RuntimeError("the payment provider is not configured")
