"""The price service: standard library only, not instrumented, on the port in argv or in PRICES_PORT."""
import http.server
import json
import os
import sys


class Prices(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        item = int(self.path.rsplit("/", 1)[1])
        body = json.dumps({"item": item, "price": 250 + 45 * item}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PRICES_PORT", "9000"))
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Prices).serve_forever()
