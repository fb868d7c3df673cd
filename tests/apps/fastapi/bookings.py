"""Bookings of a small hotel: each asks the rooms service. ROOMS_PORT=8002 uvicorn bookings:app --port 8001"""
import asyncio
import os

import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
ROOMS = "http://127.0.0.1:%s" % os.environ.get("ROOMS_PORT", "8002")


class Guest(BaseModel):
    user: str


@app.post("/bookings/{number}", status_code=201)
async def book(number: int, guest: Guest):
    async with httpx.AsyncClient(base_url=ROOMS) as rooms:
        answer = await rooms.post(f"/rooms/{number}/take")
    if answer.status_code != 200:
        raise HTTPException(answer.status_code, "cannot be booked")
    return {"guest": guest.user, **answer.json()}


@app.get("/overview")
async def overview():
    """Three calls at the same time, each with a SERVER span of its own."""
    async with httpx.AsyncClient(base_url=ROOMS) as rooms:
        answers = await asyncio.gather(*[rooms.get(f"/rooms/{number}") for number in (101, 102, 201)])
    return [answer.json() for answer in answers]


@app.get("/health")
async def health():
    return {"ok": True}
