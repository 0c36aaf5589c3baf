from __future__ import annotations

import json
from pathlib import Path

from daybreak_worker.errors import EngineFailure


def find_rank(folder: str) -> int:
    """The rank of a LoRA adapter. Fails with EngineFailure where its configuration says none."""
    try:
        rank = json.loads((Path(folder) / "adapter_config.json").read_text("utf-8"))["r"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineFailure(
            "ModelError", f"has an adapter_config.json without a rank ({type(error).__name__})"
        ) from error
    if not isinstance(rank, int) or rank < 1:
        raise EngineFailure("ModelError", f"has an adapter_config.json whose rank is {rank!r}")
    return rank
