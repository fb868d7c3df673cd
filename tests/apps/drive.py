#!/usr/bin/env python3
"""Visits a web app: N requests from several users with several browsers, each request on a connection of its own.

  drive.py --base http://127.0.0.1:8080 --paths /,/products/1,POST:/cart -n 24 --over 6

The paths are taken in turn; `POST:/path` sends a small JSON body, or one of `--body` bytes. Requests come one after the
other `--gap` seconds apart, or at irregular times over `--over` seconds, whatever the earlier ones take; then `--tail`
more all at once. With `--keep-alive` a user has one connection for all requests, and they wait for one another.
`--log` prints a line of JSON for each request made; without it nothing is written. Exits with 1 if a request got no
answer at all (a 500 is an answer), and gives up after `--limit` seconds. Standard library only.
"""
import argparse
import contextlib
import http.client
import json
import os
import random
import sys
import threading
import time
import urllib.parse

AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "curl/8.14.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
]
USERS = ["ann", "bob", "cleo", "dan", "eve"]
MOST_REQUESTS = 10_000


def arguments():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--base", required=True)
    ap.add_argument("--paths", default="/")
    ap.add_argument("-n", type=int, default=24, help="requests before the tail")
    when = ap.add_mutually_exclusive_group()
    when.add_argument("--gap", type=float, default=0.0, help="seconds between one request and the next")
    when.add_argument("--over", type=float, help="spread the requests over this many seconds")
    ap.add_argument("--tail", type=int, default=0, help="requests at the same time, at the end")
    ap.add_argument("--header", action="append", default=[], help="'name: value', sent with every request")
    ap.add_argument("--users", type=int, default=len(USERS), choices=range(1, len(USERS) + 1), metavar="N", help="how many")
    ap.add_argument("--keep-alive", action="store_true", help="one connection for each user")
    ap.add_argument("--body", type=int, default=0, help="pad the body of a POST to this many bytes")
    ap.add_argument("--traceparent", choices=("once", "each"), help="send the context of a caller that records nothing: one for all requests, or a new one for each")
    ap.add_argument("--addresses", action="store_true", help="each user from an address of its own in 127/8 (Linux)")
    ap.add_argument("--rid", action="store_true", help="add `rid=N` to each query: the request that a span belongs to can be told")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--limit", type=float, default=120.0, help="seconds for the whole visit")
    ap.add_argument("--log", action="store_true")
    args = ap.parse_args()
    if args.n < 0 or args.tail < 0 or args.n + args.tail > MOST_REQUESTS:
        ap.error(f"between 0 and {MOST_REQUESTS} requests, please")
    if (args.over or 0) > args.limit or args.gap * args.n > args.limit:
        ap.error(f"that would take longer than the limit of {args.limit:g} s")
    return args


def traceparent():
    return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"


class Visit:
    def __init__(self, args):
        self.args = args
        self.random = random.Random(args.seed)
        self.base = urllib.parse.urlsplit(args.base)
        self.paths = args.paths.split(",")
        self.deadline = time.monotonic() + args.limit
        self.unanswered = 0
        self.lock = threading.Lock()
        self.turn = {user: threading.Lock() for user in USERS}
        self.kept = {}
        self.context = traceparent()

    def request(self, i):
        """The i-th request: path, user and browser are settled before any thread starts."""
        path, method = self.paths[i % len(self.paths)], "GET"
        if not path.startswith("/"):
            method, path = path.split(":", 1)
        if self.args.rid:
            path += ("&" if "?" in path else "?") + f"rid={i}"
        user = self.random.randrange(self.args.users)
        headers = {"User-Agent": AGENTS[user], "Cookie": f"session={USERS[user]}", "Accept": "*/*"}
        body = None
        if method in ("POST", "PUT", "PATCH"):
            body = json.dumps({"user": USERS[user], "item": 1 + i % 5}).ljust(self.args.body)
            headers["Content-Type"] = "application/json"
        source = (f"127.0.0.{11 + user}", 0) if self.args.addresses else None
        if self.args.traceparent:
            headers["traceparent"] = self.context if self.args.traceparent == "once" else traceparent()
        headers.update(map(str.strip, h.split(":", 1)) for h in self.args.header)
        return method, path, body, headers, source

    def send(self, method, path, body, headers, source):
        user = headers["Cookie"].partition("=")[2]
        with self.turn[user] if self.args.keep_alive else contextlib.nullcontext():
            at = time.time_ns()
            left = max(0.1, min(30.0, self.deadline - time.monotonic()))
            connection = self.kept.pop(user, None)
            connection = connection or http.client.HTTPConnection(self.base.hostname, self.base.port, left, source)
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException) as problem:
                status = repr(problem)
            if self.args.keep_alive and isinstance(status, int):
                self.kept[user] = connection
            else:
                connection.close()
        with self.lock:
            self.unanswered += not isinstance(status, int)
            if self.args.log:
                print(json.dumps({"at": at, "method": method, "path": path, "status": status, "user": user}), flush=True)

    def at_once(self, requests, starts):
        """Sends each request at its time, in a thread of its own."""
        begin = time.monotonic()
        threads = [threading.Thread(target=self.send, args=r, daemon=True) for r in requests]
        for thread, start in zip(threads, starts):
            time.sleep(max(0.0, begin + start - time.monotonic()))
            thread.start()
        for thread in threads:
            thread.join(max(0.0, self.deadline - time.monotonic()))

    def run(self):
        args = self.args
        requests = [self.request(i) for i in range(args.n + args.tail)]
        first, tail = requests[: args.n], requests[args.n :]
        if args.over is not None:
            gaps = [self.random.expovariate(1.0) + 0.1 for _ in first]
            starts = [sum(gaps[:i]) / sum(gaps) * args.over for i in range(len(first))]
            self.at_once(first, starts)
        else:
            for one in first:
                self.send(*one)
                time.sleep(args.gap)
        self.at_once(tail, [0.0] * len(tail))
        late = time.monotonic() >= self.deadline
        return 1 if self.unanswered or late else 0


if __name__ == "__main__":
    sys.exit(Visit(arguments()).run())
