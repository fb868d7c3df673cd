"""The gateway of a cinema. FILMS_PORT=… SEATS_PORT=… opentelemetry-instrument uvicorn gateway:app --port 8080"""
import asyncio
import os

import httpx
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
FILMS = "http://127.0.0.1:%s" % os.environ.get("FILMS_PORT", "8081")
SEATS = "http://127.0.0.1:%s" % os.environ.get("SEATS_PORT", "8082")


@app.get("/films/{film}")
async def film(film: int, request: Request):
    """Asks two services at the same time."""
    passed_on = {"rid": request.query_params.get("rid", "0")}
    async with httpx.AsyncClient() as client:
        about, seats = await asyncio.gather(
            client.get(f"{FILMS}/films/{film}", params=passed_on), client.get(f"{SEATS}/seats/{film}", params=passed_on)
        )
    if about.status_code == 404:
        raise HTTPException(404, "no such film")
    return {**about.json(), **seats.json()}


@app.post("/tickets/{film}", status_code=201)
async def ticket(film: int, request: Request):
    """Tries up to three times: one request, several calls to the same path, each a span of its own."""
    passed_on = {"rid": request.query_params.get("rid", "0")}
    async with httpx.AsyncClient() as client:
        for attempt in range(3):
            answer = await client.post(f"{SEATS}/seats/{film}/take", params={**passed_on, "attempt": attempt})
            if answer.status_code < 500:
                break
            await asyncio.sleep(0.02)
    if answer.status_code != 200:
        raise HTTPException(answer.status_code, "cannot be had")
    return answer.json()
