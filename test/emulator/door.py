"""The door of tests, beside AWS's API: they order faults, count invocations and requests. See emulator-door.ts.

POST   /_daybreak/faults                    orders a fault: faults.Fault as JSON; answers it with its id
GET    /_daybreak/faults                    all of them, with what they hit
DELETE /_daybreak/faults?id=N               one of them; without an id all: what they hold goes on
GET    /_daybreak/invocations?function=P    runs of handlers whose function's name matches the pattern
GET    /_daybreak/requests?bucket=B         what was asked of S3 since they were last forgotten
DELETE /_daybreak/requests
"""

import json
from dataclasses import asdict
from urllib.parse import parse_qs

import faults
import lambda_invocations
import s3_log
from asgi import App, Receive, Scope, Send, read_body, respond_json

PREFIX = "/_daybreak/"


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    wish = (scope["method"], scope["path"].removeprefix(PREFIX))
    body = await read_body(receive)
    if wish == ("POST", "faults"):
        try:
            return await respond_json(send, 200, asdict(faults.order(json.loads(body))))
        except (faults.FaultRefused, TypeError, json.JSONDecodeError) as refused:
            return await respond_json(send, 400, {"message": str(refused)})
    if wish == ("GET", "faults"):
        return await respond_json(send, 200, faults.listed())
    if wish == ("DELETE", "faults"):
        number = parse_qs(scope["query_string"].decode()).get("id")
        faults.withdraw(None if number is None else int(number[0]))
        return await respond_json(send, 200, [])
    if wish == ("GET", "invocations"):
        pattern = parse_qs(scope["query_string"].decode()).get("function", ["*"])[0]
        return await respond_json(send, 200, lambda_invocations.listed(pattern))
    if wish == ("GET", "requests"):
        bucket = parse_qs(scope["query_string"].decode()).get("bucket", [""])[0]
        return await respond_json(send, 200, s3_log.listed(bucket))
    if wish == ("DELETE", "requests"):
        s3_log.clear()
        return await respond_json(send, 200, [])
    await respond_json(send, 404, {"message": f"the door has no {wish[0]} {wish[1]}"})


def around(app: App) -> App:
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            return await _answer(scope, receive, send)
        await app(scope, receive, send)

    return handle
