"""Talks in the chat: one websocket, a message every few seconds. Not instrumented; prints a line of JSON at the end.

python talk.py ws://127.0.0.1:8080/chat MESSAGES SECONDS
"""
import json
import sys
import time
import urllib.parse

from websockets.sync.client import connect

url, messages, over = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
at = time.time_ns()
with connect(url) as chat:
    for i in range(messages):
        time.sleep(over / messages)
        chat.send(f"message {i}")
        chat.recv(timeout=10)
print(json.dumps({"at": at, "method": "GET", "path": urllib.parse.urlsplit(url).path, "status": 101}), flush=True)
