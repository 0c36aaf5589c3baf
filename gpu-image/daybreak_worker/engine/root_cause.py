"""Why a process of vLLM failed, by what it printed: the error that its front end raises only points there. Pure."""

from __future__ import annotations

import re
from typing import Final

_ERROR: Final = re.compile(r"\b([A-Za-z_][\w.]*(?:Error|Exception|Interrupt)): (\S.*)$")
_CONSEQUENCE: Final = re.compile(r"initialization failed|See (the )?(stack trace|root cause)|EngineDeadError")
_MOST_CHARACTERS: Final = 400


def find_root_cause(printed: str) -> str | None:
    """The first error that is none of another one's consequences."""
    for line in printed.split("\n"):
        match = _ERROR.search(line)
        if match is not None and _CONSEQUENCE.search(match[2]) is None:
            return f"{match[1].rpartition('.')[2]}: {match[2].strip()}"[:_MOST_CHARACTERS]
    return None
