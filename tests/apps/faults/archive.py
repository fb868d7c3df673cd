"""An archive of letters without a framework, in the WSGI middleware, which names a span after the path.

FAULT=high-cardinality opentelemetry-instrument python archive.py PORT      else its hook gives the route
"""
import os
import re
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

ROUTES = [(re.compile(r"/letters/\d+"), "/letters/{number}")]


def archive(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


def name_by_route(span, environ):
    for pattern, route in ROUTES:
        if pattern.fullmatch(environ["PATH_INFO"]):
            span.update_name(f"{environ['REQUEST_METHOD']} {route}")
            span.set_attribute("http.route", route)


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


if __name__ == "__main__":
    hook = None if os.environ.get("FAULT") == "high-cardinality" else name_by_route
    app = OpenTelemetryMiddleware(archive, request_hook=hook)
    make_server("127.0.0.1", int(sys.argv[1]), app, handler_class=Quiet).serve_forever()
