"""A newspaper kiosk, with one fault of instrumentation at most: that which FAULT names.

FAULT=call-not-client PRICES_PORT=9000 opentelemetry-instrument uvicorn kiosk:app --port 8080
"""
import asyncio
import os
import random

import httpx
from fastapi import FastAPI, HTTPException
from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind

FAULT = os.environ.get("FAULT", "none")
PRICES = "127.0.0.1:%s" % os.environ.get("PRICES_PORT", "9000")
PAPERS = {1: "Morning Post", 2: "Evening Star", 3: "Chess Weekly"}



class SeededTraces(RandomIdGenerator):
    """Trace ids "that can be told beforehand"; span ids stay the SDK's."""

    numbers = random.Random(42)

    def generate_trace_id(self):
        return self.numbers.getrandbits(128)


if FAULT == "seeded-traces":
    trace.get_tracer_provider().id_generator = SeededTraces()
if FAULT == "seeded-ids":  # "so that a run can be repeated": the SDK draws its ids from the same generator
    random.seed(42)

app = FastAPI()
tracer = trace.get_tracer("kiosk.calls")


async def fetch(path):
    """A call whose span is made by hand, for a client that has no instrumentation (or where it is off)."""
    kind = SpanKind.INTERNAL if FAULT == "call-not-client" else SpanKind.CLIENT
    url = f"http://{PRICES}{path}"
    host, _, port = PRICES.partition(":")
    facts = {"http.request.method": "GET", "url.full": url, "server.address": host, "server.port": int(port)}
    with tracer.start_as_current_span("GET", kind=kind, attributes=facts) as span:
        async with httpx.AsyncClient() as client:
            answer = await client.get(url)
        span.set_attribute("http.response.status_code", answer.status_code)
    return answer.json()


@app.get("/papers")
async def papers():
    return PAPERS


@app.get("/papers/{number}")
async def paper(number: int):
    if number not in PAPERS:
        raise HTTPException(404, "no such paper")
    return {"paper": PAPERS[number]}


@app.get("/prices/{number}")
async def price(number: int):
    return await fetch(f"/price/{number}")


@app.get("/basket")
async def basket():
    return await asyncio.gather(*[fetch(f"/price/{number}") for number in PAPERS])


@app.get("/report/{day}")
async def report(day: int):
    """Takes two seconds; each page is a span, and is exported long before the request ends."""
    for page in range(5):
        with tracer.start_as_current_span("render page", attributes={"page": page}):
            await asyncio.sleep(0.4)
    return {"day": day, "pages": 5}
