"""How an engine says that memory is too small, in vLLM, torch and the system. Pure text."""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = re.compile(
    r"out of memory|OutOfMemoryError|MemoryError|Cannot allocate memory|can't allocate memory"
    r"|No available memory for the cache blocks|is less than desired GPU memory utilization|std::bad_alloc"
)


def is_out_of_memory(text: str) -> bool:
    """Whether a start with less may succeed. A context that the memory has no room for is another thing: less of
    everything else does not help, and vLLM names the context that would fit.
    """
    return _SIGNS.search(text) is not None
