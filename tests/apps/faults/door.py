"""A FastAPI app with a middleware of its own that opens a span for each request, below the instrumentation's.

FAULT=nested-server opentelemetry-instrument uvicorn door:app --port 8080
"""
import os

from fastapi import FastAPI, HTTPException
from opentelemetry import trace
from opentelemetry.trace import SpanKind

KIND = SpanKind.SERVER if os.environ.get("FAULT") == "nested-server" else SpanKind.INTERNAL
tracer = trace.get_tracer("door.requests")


class Requests:
    """Written before the instrumentation was installed, and never taken out again."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        facts = {
            "http.request.method": scope["method"],
            "url.scheme": scope["scheme"],
            "url.path": scope["path"],
            "url.query": scope["query_string"].decode(),
            "client.address": scope["client"][0],
        }
        with tracer.start_as_current_span(scope["method"], kind=KIND, attributes=facts) as span:

            async def note(message):
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self.app(scope, receive, note)


app = FastAPI()
app.add_middleware(Requests)
rooms = {1: "open", 2: "shut"}


@app.get("/doors/{number}")
async def door(number: int):
    if number not in rooms:
        raise HTTPException(404, "no such door")
    return {"door": number, "state": rooms[number]}


@app.post("/doors/{number}/open")
async def open_door(number: int):
    return {"door": number, "state": "open"}
