"""Answers from prices which a task in the background renews each second. The first request starts the task.

PRICES_PORT=9000 opentelemetry-instrument uvicorn rates:app --port 8080 --loop asyncio

A task takes over the context it is created in, and the spans of this one go on under the request that is long over.
With RENEWAL_CONTEXT=empty the task starts in a context of its own.
"""
import asyncio
import contextvars
import os

import httpx
from fastapi import FastAPI

app = FastAPI()
PRICES = "http://127.0.0.1:%s" % os.environ.get("PRICES_PORT", "9000")
context = contextvars.Context() if os.environ.get("RENEWAL_CONTEXT") == "empty" else None
known = {}
renewal = None


async def renew():
    async with httpx.AsyncClient(base_url=PRICES) as prices:
        while True:
            known.update((await prices.get("/price/1")).json())
            await asyncio.sleep(1)


@app.get("/rates/{currency}")
async def rate(currency: str):
    global renewal
    if renewal is None:
        renewal = asyncio.create_task(renew(), context=context)
    return {"currency": currency, "price": known.get("price")}
