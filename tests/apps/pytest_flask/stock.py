"""The stock of a warehouse, to be tested in the process of its tests."""
import sqlite3

from flask import Flask, abort, jsonify, request


def create_app():
    app = Flask(__name__)
    db = sqlite3.connect(":memory:")
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

    return app
