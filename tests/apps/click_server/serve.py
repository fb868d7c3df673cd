"""A Flask app started by a command of its own, as many projects do instead of `flask run`.

The click instrumentation leaves `flask run` alone by now, but not a command like this one: its span stays current for
as long as the server runs, and every request becomes a part of it.

opentelemetry-instrument python serve.py --port 8080
"""
import click
from flask import Flask, abort, jsonify, request

app = Flask(__name__)
notes = ["water the plants"]


@app.get("/notes")
def listing():
    return jsonify(notes)


@app.get("/notes/<int:number>")
def one(number):
    if number >= len(notes):
        abort(404)
    return jsonify(notes[number])


@app.post("/notes")
def add():
    notes.append(request.get_json()["user"])
    return jsonify(number=len(notes) - 1), 201


@click.command()
@click.option("--port", default=8080)
def serve(port):
    app.run(port=port)


if __name__ == "__main__":
    serve()
