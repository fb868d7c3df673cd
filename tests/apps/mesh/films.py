"""The films of a cinema; asks the seats too. SEATS_PORT=… opentelemetry-instrument uvicorn films:app --port 8081"""
import os

import httpx
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
SEATS = "http://127.0.0.1:%s" % os.environ.get("SEATS_PORT", "8082")
TITLES = {1: "Metropolis", 2: "Sunrise", 3: "The Kid"}


@app.get("/films/{film}")
async def film(film: int, request: Request):
    if film not in TITLES:
        raise HTTPException(404, "no such film")
    async with httpx.AsyncClient() as client:
        halls = await client.get(f"{SEATS}/halls", params={"rid": request.query_params.get("rid", "0")})
    return {"title": TITLES[film], "halls": halls.json()}


