"""The seats of a cinema. opentelemetry-instrument uvicorn seats:app --port 8082"""
import asyncio

from fastapi import FastAPI, HTTPException

app = FastAPI()
free = {1: 30, 2: 12, 3: 0}


@app.get("/halls")
async def halls():
    await asyncio.sleep(0.002)
    return ["large", "small"]


@app.get("/seats/{film}")
async def seats(film: int):
    await asyncio.sleep(0.004)
    return {"free": free.get(film, 0)}


@app.post("/seats/{film}/take")
async def take(film: int, attempt: int = 0):
    """Film 2 is to be had at the third attempt, film 3 never."""
    if film == 2 and attempt < 2 or film == 3:
        raise HTTPException(503, "try again")
    free[film] -= 1
    return {"film": film, "free": free[film]}
