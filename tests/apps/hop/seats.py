"""The seats of a theatre. opentelemetry-instrument uvicorn seats:app --port 8081"""
import asyncio

from fastapi import FastAPI, HTTPException

app = FastAPI()
free = {1: 40, 2: 3, 3: 0}


@app.get("/seats/{play}")
async def seats(play: int):
    if play not in free:
        raise HTTPException(404, "no such play")
    await asyncio.sleep(0.003)
    return {"play": play, "free": free[play]}


@app.post("/seats/{play}/take")
async def take(play: int):
    if not free[play]:
        raise HTTPException(409, "sold out")
    free[play] -= 1
    return {"play": play, "free": free[play]}
