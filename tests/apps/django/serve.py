"""Serves the library with a span for the start of the program.

DJANGO_SETTINGS_MODULE=library opentelemetry-instrument python serve.py --port 8080 [--end-first]

The span is meant to time the start, but it goes on for as long as the server runs, and the threads of the requests
take it over. With --end-first it ends when the server is ready.
"""
import argparse
import socketserver
import wsgiref.simple_server

from django.core.wsgi import get_wsgi_application
from opentelemetry import trace


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args):
        pass


def serve(server):
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--port", type=int, default=8080)
    ap.add_argument("--end-first", action="store_true")
    args = ap.parse_args()
    with trace.get_tracer("library").start_as_current_span("startup"):
        application = get_wsgi_application()
        server = wsgiref.simple_server.make_server("127.0.0.1", args.port, application, Server, Quiet)
        if not args.end_first:
            serve(server)
    if args.end_first:
        serve(server)
