"""Plays the faults of the conformance suite on HTTP, between boto3 with its own retries and a real store."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

Reach = Literal["each-try", "first-try"]
"""`each-try`: a fault holds for one call, whatever boto3 tries, so that the caller hears of it. `first-try`: it
holds for the first try only, and boto3 gets over it by itself."""

Answer = tuple[int, list[tuple[str, str]], bytes]
_HOP = {"connection", "transfer-encoding", "content-length"}


class Script:
    """Which fault each call meets, in order; a call that has met one keeps it for all its tries."""

    def __init__(self, faults: list[dict[str, Any]], reach: Reach) -> None:
        self._left = [{**fault, "left": fault.get("times", 1)} for fault in faults]
        self._reach = reach
        self._met: dict[str, dict[str, Any] | None] = {}
        self._lock = threading.Lock()
        self.met = 0

    def fault_of(self, kind: str, call: str, *, is_first: bool) -> dict[str, Any] | None:
        with self._lock:
            if call not in self._met:
                fault = next((each for each in self._left if each["on"] == kind and each["left"] > 0), None)
                if fault is not None:
                    fault["left"] -= 1
                    self.met += 1
                self._met[call] = fault
            return self._met[call] if is_first or self._reach == "each-try" else None


@contextmanager
def faulty_proxy(endpoint: str, faults: list[dict[str, Any]], reach: Reach) -> Iterator[tuple[str, Script]]:
    """The address of a proxy before the store at `endpoint`."""
    script = Script(faults, reach)
    target = urlsplit(endpoint).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            attempt = self.headers.get("amz-sdk-request", "attempt=1").split(";")[0]
            is_first = attempt == "attempt=1"
            fault = script.fault_of(self._kind(), self.headers["amz-sdk-invocation-id"], is_first=is_first)
            answer = self._forward(body) if fault is None else self._play(fault, body, is_first=is_first)
            if answer is None:
                self.close_connection = True
                return
            status, headers, data = answer
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            length = dict(headers).get("Content-Length", "0") if self.command == "HEAD" else str(len(data))
            self.send_header("Content-Length", length)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _handle

        def _kind(self) -> str:
            if self.command == "PUT":
                return "putIfAbsent" if "If-None-Match" in self.headers else "put"
            return self.command.lower()

        def _play(self, fault: dict[str, Any], body: bytes, *, is_first: bool) -> Answer | None:
            reply = fault.get("reply", "ok")
            answer = self._forward(body) if reply in {"ok", "lost", 412} else None
            if is_first and "meanwhile" in fault:
                fault["meanwhile"]()
            if reply == "ok":
                return answer
            # The client's own first try has put what its second one finds.
            if reply == 412:
                return None if is_first else answer
            if reply == 409:
                return _error(409, "ConditionalRequestConflict")
            return _error(503, "ServiceUnavailable") if reply == 503 else None

        def _forward(self, body: bytes) -> Answer:
            connection = http.client.HTTPConnection(target, timeout=60)
            try:
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                response = connection.getresponse()
                return response.status, response.getheaders(), response.read()
            finally:
                connection.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has named it
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", script
    finally:
        server.shutdown()
        server.server_close()


def _error(status: int, code: str) -> Answer:
    text = f"<Error><Code>{code}</Code><Message>scripted</Message></Error>"
    return status, [("Content-Type", "application/xml")], text.encode()
