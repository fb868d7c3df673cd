"""A chat with one room: what a client says over its websocket is said back.

opentelemetry-instrument uvicorn chat:app --port 8080 --loop asyncio
"""
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
said = []


@app.get("/log")
async def log():
    return {"messages": len(said)}


@app.websocket("/chat")
async def chat(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            said.append(await websocket.receive_text())
            await websocket.send_text(f"{len(said)}: {said[-1]}")
    except WebSocketDisconnect:
        pass
