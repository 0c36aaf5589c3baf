"""What was asked of S3, for tests that count requests: AWS tells it by server access logs, hours later.

@see https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html
"""

from collections import deque
from dataclasses import asdict, dataclass
from urllib.parse import parse_qs

from asgi import App, Receive, Scope, Send, header
from s3_requests import s3_request

# A job of a thousand tasks asks some ten thousand times.
MOST = 500_000


@dataclass(frozen=True)
class LoggedRequest:
    operation: str
    bucket: str
    # Of a listing its prefix; empty of DeleteObjects, which names its keys in the body.
    key: str
    # The header of a ranged read, or empty.
    range: str


_log: deque[LoggedRequest] = deque(maxlen=MOST)


def listed(bucket: str) -> list[dict[str, str]]:
    return [asdict(request) for request in _log if bucket in ("", request.bucket)]


def clear() -> None:
    _log.clear()


def around(app: App) -> App:
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        request = s3_request(scope) if scope["type"] == "http" else None
        if request is not None:
            prefix = parse_qs(scope["query_string"].decode()).get("prefix", [""])[0]
            key = request.key or prefix
            _log.append(LoggedRequest(request.operation, request.bucket, key, header(scope, "range")))
        await app(scope, receive, send)

    return handle
