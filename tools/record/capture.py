#!/usr/bin/env python3
"""Receives what an SDK exports and keeps it. Needs the package opentelemetry-proto, and nothing else.

  capture.py serve --port PORT [--udp PORT] --out DIR    until SIGINT or SIGTERM; writes into DIR
      capture.jsonl       an ExportTraceServiceRequest or ExportLogsServiceRequest a line, as OTLP/JSON, in the order of arrival
      capture.binpb       the same messages as protobuf, each after its length as a varint
      capture.raw.jsonl   of JSON senders only: the bodies as they were sent, one a line
      zipkin.jsonl        of Zipkin senders only: the arrays as they were sent, one a line
      zipkin.binpb, zipkin-v1.jsonl, jaeger.thrift
                          what Zipkin and Jaeger senders sent in other forms: the bodies as sent, one after the other
      jaeger.udp          what came to the UDP port: the datagrams as sent, one after the other

  capture.py merge FILE.binpb OUT.binpb     all messages of FILE as a single one

Takes OTLP/HTTP (protobuf or JSON, plain or compressed) at /v1/traces and /v1/logs, Zipkin at /api/v2/spans and /api/v1/spans,
Jaeger at /api/traces and by UDP. Bodies of protobuf are kept byte for byte in capture.binpb, those of JSON in capture.raw.jsonl.
"""
import argparse
import base64
import gzip
import http.server
import json
import os
import signal
import socket
import sys
import threading
import zlib

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

OTHERS = ("zipkin.jsonl", "zipkin.binpb", "zipkin-v1.jsonl", "jaeger.thrift", "jaeger.udp")
IDS = ("traceId", "spanId", "parentSpanId")


def with_ids(document, convert):
    """OTLP/JSON writes ids in hex where protobuf's own JSON has base64; nothing else differs."""
    for resource in document.get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for span in scope.get("spans", []):
                for holder in [span, *span.get("links", [])]:
                    holder.update({k: convert(holder[k]) for k in IDS if k in holder})
    for resource in document.get("resourceLogs", []):
        for scope in resource.get("scopeLogs", []):
            for record in scope.get("logRecords", []):
                record.update({k: convert(record[k]) for k in IDS if k in record})
    return document


def to_json(message):
    document = json_format.MessageToDict(message, use_integers_for_enums=True)
    return with_ids(document, lambda id: base64.b64decode(id).hex())


def from_json(body, kind):
    document = with_ids(json.loads(body), lambda id: base64.b64encode(bytes.fromhex(id)).decode())
    return json_format.ParseDict(document, kind(), ignore_unknown_fields=True)


def delimited(message):
    """The message after its length, seven bits a byte, the lowest first."""
    length, prefix = len(message), bytearray()
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + message


def messages(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        length = shift = 0
        while True:
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield data[at : at + length]
        at += length


def on_one_line(body):
    """A JSON string holds no raw line break, so folding them changes no value."""
    return body.replace(b"\r", b"").replace(b"\n", b" ") + b"\n"


class Store:
    def __init__(self, directory):
        self.directory = directory
        self.lock = threading.Lock()
        os.makedirs(directory, exist_ok=True)
        for name in ("capture.jsonl", "capture.binpb", "capture.raw.jsonl", *OTHERS):
            if os.path.exists(os.path.join(directory, name)):
                os.remove(os.path.join(directory, name))

    def append(self, name, data):
        with open(os.path.join(self.directory, name), "ab") as file:
            file.write(data)

    def otlp(self, body, is_json, kind):
        message = from_json(body, kind) if is_json else kind.FromString(body)
        line = json.dumps(to_json(message), separators=(",", ":"), ensure_ascii=False)
        with self.lock:
            if is_json:
                self.append("capture.raw.jsonl", on_one_line(body))
            self.append("capture.binpb", delimited(message.SerializeToString() if is_json else body))
            self.append("capture.jsonl", line.encode() + b"\n")

    def other(self, name, body):
        with self.lock:
            self.append(name, on_one_line(body) if name.endswith(".jsonl") else body)


def handler(store):
    class Receiver(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def body(self):
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                data = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    data += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            coding = self.headers.get("Content-Encoding", "").lower()
            return gzip.decompress(data) if coding == "gzip" else zlib.decompress(data) if coding == "deflate" else data

        def do_POST(self):
            body = self.body()
            content = self.headers.get("Content-Type") or "application/x-protobuf"
            is_json = content.startswith("application/json")
            path = self.path.split("?")[0].rstrip("/")
            status = 200
            try:
                if path.endswith("/v1/traces"):
                    store.otlp(body, is_json, ExportTraceServiceRequest)
                elif path.endswith("/v1/logs"):
                    store.otlp(body, is_json, ExportLogsServiceRequest)
                elif path.endswith("/api/v2/spans"):
                    store.other("zipkin.jsonl" if is_json else "zipkin.binpb", body)
                    status = 202
                elif path.endswith("/api/v1/spans"):
                    store.other("zipkin-v1.jsonl", body)
                    status = 202
                elif path.endswith("/api/traces"):
                    store.other("jaeger.thrift", body)
                    status = 202
                else:
                    status = 404
            except Exception as problem:
                print("refused an export:", repr(problem), file=sys.stderr, flush=True)
                status = 400
            answer = b"{}" if is_json else b""
            self.send_response(status)
            self.send_header("Content-Type", content)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args):
            pass

    return Receiver


def datagrams(port, store):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", port))
        while True:
            store.other("jaeger.udp", listening.recv(1 << 16))


def serve(args):
    store = Store(args.out)
    if args.udp:
        threading.Thread(target=datagrams, args=(args.udp, store), daemon=True).start()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), handler(store))
    server.daemon_threads = True
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


def merge(args):
    whole = ExportTraceServiceRequest()
    for message in messages(args.file):
        whole.MergeFromString(message)
    with open(args.out, "wb") as file:
        file.write(delimited(whole.SerializeToString()))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = ap.add_subparsers(required=True)
    command = commands.add_parser("serve")
    command.add_argument("--port", type=int, required=True)
    command.add_argument("--udp", type=int)
    command.add_argument("--out", required=True)
    command.set_defaults(run=serve)
    command = commands.add_parser("merge")
    command.add_argument("file")
    command.add_argument("out")
    command.set_defaults(run=merge)
    args = ap.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
