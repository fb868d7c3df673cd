"""A heart monitor that sets up its SDK by itself, with one fault at most: that which FAULT names.

FAULT=duplicate-export PRICES_PORT=9000 python pulse.py PORT      or EXPORTER=own for a pipeline made by hand
"""
import contextlib
import os
import queue
import sys
import threading

import requests
from flask import Flask, jsonify
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

FAULT = os.environ.get("FAULT", "none")
PRICES = "http://127.0.0.1:%s" % os.environ.get("PRICES_PORT", "9000")
COLLECTOR = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")


class OwnPipeline(SpanProcessor):
    """Posts what has ended once a second. The SDK's processor would suppress instrumentation while it exports."""

    def __init__(self):
        self.ended = queue.SimpleQueue()
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def on_end(self, span):
        self.ended.put(span)

    def work(self):
        while not self.closing.wait(1):
            self.post()

    def post(self):
        spans = [self.ended.get() for _ in range(self.ended.qsize())]
        if not spans:
            return
        quiet = contextlib.nullcontext() if FAULT == "exporter-traces-itself" else suppress_instrumentation()
        with quiet:
            requests.post(
                COLLECTOR + "/v1/traces",
                data=encode_spans(spans).SerializeToString(),
                headers={"Content-Type": "application/x-protobuf"},
                timeout=5,
            )

    def shutdown(self):
        self.closing.set()
        self.thread.join(5)
        self.post()


provider = TracerProvider()
if os.environ.get("EXPORTER") == "own":
    provider.add_span_processor(OwnPipeline())
else:
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
if FAULT == "duplicate-export":  # a library and the program both thought that the other one would not
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)
RequestsInstrumentor().instrument()


@app.get("/pulse/<int:patient>")
def pulse(patient):
    answer = requests.get(f"{PRICES}/price/{patient}", timeout=5)
    return jsonify(patient=patient, pulse=answer.json()["price"] % 80 + 50)


@app.post("/alarm/<int:patient>")
def alarm(patient):
    return jsonify(patient=patient, alarm="on"), 201


@app.get("/health")
def health():
    return jsonify(ok=True)


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]), threaded=True)
