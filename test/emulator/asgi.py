"""The little of ASGI that the door and the faults need: what ministack is called with."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.protocol.http_stream import ASGIHTTPState

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def header(scope: Scope, name: str) -> str:
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted), "")


async def read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def respond(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Send, status: int, document: object) -> None:
    await respond(send, status, "application/json", json.dumps(document).encode())


def hang_up(send: Send) -> None:
    """The connection closes without an answer once the app returns. ASGI has no word for it; hypercorn
    has."""
    stream = getattr(send, "__self__", None)
    if stream is None or not hasattr(stream, "state"):
        raise RuntimeError("this hypercorn keeps the state of a response elsewhere: asgi.hang_up needs it")
    stream.state = ASGIHTTPState.CLOSED
