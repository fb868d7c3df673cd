"""Takes photographs. A body of more than 64 KiB makes uvicorn's h11 protocol pause and resume its connection.

opentelemetry-instrument uvicorn uploads:app --port 8080 --loop asyncio --http h11
"""
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
sizes = []


@app.post("/photos", status_code=201)
async def upload(request: Request):
    sizes.append(len(await request.body()))
    return {"number": len(sizes) - 1}


@app.get("/photos/{number}")
async def photo(number: int):
    if number >= len(sizes):
        raise HTTPException(404, "no such photograph")
    return {"number": number, "bytes": sizes[number]}
