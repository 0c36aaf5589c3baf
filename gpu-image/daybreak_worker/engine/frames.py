"""How supervisor and host speak: frames on a socket pair, in both directions.

frame  = length of header, length of body (32 bits each, big-endian), header, body
header = JSON object with a `kind`
body   = bytes one after another, whose sizes stand in the header: requests and answers cross without a copy in JSON
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from daybreak_worker.engine.engine_port import Answer, EngineRow, Event, Pulse, Refusal

_LENGTHS: Final = struct.Struct("!II")
_MOST_BYTES: Final = 2**30
"""Of a header or a body; a row is below 40 MB. A length beyond it is no frame."""
LOST_EXIT: Final = 3
"""With what a host ends whose core, the process that has the model, is gone."""
STREAM_BYTES: Final = 4 * 2**20
"""That wait on either side to be read or written: then the other side waits."""


@dataclass(frozen=True, slots=True)
class Frame:
    header: dict[str, Any]
    body: bytes = b""

    @property
    def kind(self) -> str:
        return str(self.header["kind"])


def encode_frame(header: dict[str, Any], body: bytes = b"") -> bytes:
    text = json.dumps(header, separators=(",", ":")).encode()
    return b"".join((_LENGTHS.pack(len(text), len(body)), text, body))


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None where the other side is gone, be it in the middle of one. ValueError for what is none."""
    try:
        header_bytes, body_bytes = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
        if max(header_bytes, body_bytes) > _MOST_BYTES:
            raise ValueError("what came is no frame")
        header = json.loads(await reader.readexactly(header_bytes))
        body = await reader.readexactly(body_bytes)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    if not isinstance(header, dict) or "kind" not in header:
        raise ValueError("what came is no frame")
    return Frame(header, body)


def encode_rows(rows: Sequence[EngineRow]) -> bytes:
    listed = [[row.id, row.seed, len(row.request)] for row in rows]
    return encode_frame({"kind": "rows", "rows": listed}, b"".join([row.request for row in rows]))


def decode_rows(frame: Frame) -> list[EngineRow]:
    rows, at = [], 0
    for row_id, seed, size in frame.header["rows"]:
        rows.append(EngineRow(row_id, frame.body[at : at + size], seed))
        at += size
    return rows


def encode_results(results: Sequence[Answer | Refusal]) -> bytes:
    answers = [each for each in results if isinstance(each, Answer)]
    header = {
        "kind": "results",
        "answers": [
            [a.id, a.finish_reason, a.prompt_tokens, a.output_tokens, a.cached_tokens, len(a.data)] for a in answers
        ],
        "refusals": [[r.id, r.cause, r.error, r.message] for r in results if isinstance(r, Refusal)],
    }
    return encode_frame(header, b"".join([answer.data for answer in answers]))


def encode_pulse(pulse: Pulse) -> bytes:
    return encode_frame({"kind": "pulse", "tokens": pulse.tokens, "running": pulse.running})


def decode_events(frame: Frame) -> list[Event]:
    """What a host says once it is ready. ValueError for what no host says then."""
    if frame.kind == "pulse":
        return [Pulse(frame.header["tokens"], frame.header["running"])]
    if frame.kind != "results":
        raise ValueError(f"a host that is ready says no {frame.kind}")
    events: list[Event] = [Refusal(*each) for each in frame.header["refusals"]]
    at = 0
    for row_id, finish_reason, prompt, output, cached, size in frame.header["answers"]:
        events.append(Answer(row_id, finish_reason, prompt, output, cached, frame.body[at : at + size]))
        at += size
    return events
