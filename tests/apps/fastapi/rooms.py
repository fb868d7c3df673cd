"""The rooms of a small hotel. uvicorn rooms:app --port 8002"""
import asyncio

from fastapi import FastAPI, HTTPException

app = FastAPI()
free = {101: 2, 102: 1, 201: 4}


@app.get("/rooms")
async def rooms():
    return free


@app.get("/rooms/{number}")
async def room(number: int):
    if number not in free:
        raise HTTPException(404, "no such room")
    await asyncio.sleep(0.002)
    return {"number": number, "free": free[number]}


@app.post("/rooms/{number}/take")
async def take(number: int):
    if number not in free:
        raise HTTPException(404, "no such room")
    if not free[number]:
        raise HTTPException(409, "taken")
    free[number] -= 1
    return {"number": number, "free": free[number]}
