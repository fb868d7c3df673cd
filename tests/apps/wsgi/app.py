"""Flask inside the WSGI middleware, both instrumented, set up in the program: for each request an INTERNAL span of
Flask under a SERVER span of the middleware. That is right: the request is counted once.

python app.py PORT
"""
import os
import sys

import requests
from flask import Flask, jsonify
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)
RequestsInstrumentor().instrument()
app.wsgi_app = OpenTelemetryMiddleware(app.wsgi_app)
PORT = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", "8080"))


@app.get("/length/<word>")
def length(word):
    return jsonify(word=word, length=len(word))


@app.get("/longest")
def longest():
    """Calls itself over HTTP, twice: a loopback hop is a request of its own in the caller's trace."""
    words = [requests.get(f"http://127.0.0.1:{PORT}/length/{w}", timeout=5).json() for w in ("ear", "drum")]
    return jsonify(max(words, key=lambda w: w["length"]))


if __name__ == "__main__":
    app.run(port=PORT, threaded=True)
