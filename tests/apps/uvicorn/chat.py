"""A chat with one room: what a client says over its websocket is said back.

opentelemetry-instrument uvicorn chat:app --port 8080 --loop asyncio
"""
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocketDisconnect

said = []


async def log(request):
    return JSONResponse({"messages": len(said)})


async def chat(websocket):
    await websocket.accept()
    try:
        while True:
            said.append(await websocket.receive_text())
            await websocket.send_text(f"{len(said)}: {said[-1]}")
    except WebSocketDisconnect:
        pass


app = Starlette(routes=[Route("/log", log), WebSocketRoute("/chat", chat)])
