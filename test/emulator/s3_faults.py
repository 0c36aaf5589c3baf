"""Requests to S3 that go wrong as AWS's do now and then, by order of a test (faults.py).

`slow-down`, `internal-error` and `conflict` answer 503, 500 and 409 without doing anything; `drop` closes the
connection without doing anything; `lose-answer` does it and closes the connection; `delay` waits
`afterSeconds` first.

@see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

import asyncio

import faults
from asgi import App, Receive, Scope, Send, hang_up, read_body, respond
from s3_requests import S3Request, s3_request

ANSWERS = {
    "slow-down": (503, "SlowDown", "Please reduce your request rate."),
    "internal-error": (500, "InternalError", "We encountered an internal error. Please try again."),
    "conflict": (
        409,
        "ConditionalRequestConflict",
        "The conditional request cannot succeed due to a conflicting operation.",
    ),
}


def _matches(request: S3Request, fault: faults.Fault) -> bool:
    return fault.is_for(operation=request.operation, bucket=request.bucket, key=request.key)


async def _unheard(_message: dict[str, object]) -> None:
    return None


async def _play(fault: faults.Fault, app: App, scope: Scope, receive: Receive, send: Send) -> None:
    if fault.kind == "delay":
        await asyncio.sleep(fault.afterSeconds)
        return await app(scope, receive, send)
    if fault.kind == "lose-answer":
        await app(scope, receive, _unheard)
        return hang_up(send)
    # Read to its end, so that the answer is not taken for a broken connection.
    await read_body(receive)
    if fault.kind == "drop":
        return hang_up(send)
    status, code, message = ANSWERS[fault.kind]
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    await respond(send, status, "application/xml", text.encode())


def around(app: App) -> App:
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        request = s3_request(scope) if scope["type"] == "http" else None
        if request is None:
            return await app(scope, receive, send)
        fault = faults.take("s3", lambda one: _matches(request, one))
        if fault is None:
            return await app(scope, receive, send)
        await _play(fault, app, scope, receive, send)

    return handle
