"""Where things stand in the store. Templates come from the contract; `render` and `parse` are exact inverses."""

from __future__ import annotations

import re
from typing import Final

from daybreak_worker.contract import CONTRACT, require_id

_FIELD: Final = re.compile(r"\{(\w+)\}")


class Key:
    """One template, for example `jobs/{job}/{run}/plan.json`."""

    def __init__(self, template: str) -> None:
        self.template = template
        pieces = _FIELD.split(template)
        # Literals stand at even places, fields at odd ones.
        self._pieces = [(literal, pieces[index + 1] if index + 1 < len(pieces) else None)
                        for index, literal in enumerate(pieces) if index % 2 == 0]  # fmt: skip
        source = "".join(
            re.escape(literal) + ("" if field is None else f"(?P<{field}>{CONTRACT['ids'][field]})")
            for literal, field in self._pieces
        )
        self._pattern = re.compile(source, re.ASCII)

    def render(self, **ids: str) -> str:
        """The key; ValueError where an id is missing or is none."""
        missing = [field for _, field in self._pieces if field is not None and field not in ids]
        if missing:
            raise ValueError(f"a key {self.template} needs the ids {', '.join(missing)}")
        return self.prefix(**ids)

    def prefix(self, **ids: str) -> str:
        """The key up to the first field that is not given: what to list."""
        key = ""
        for literal, field in self._pieces:
            key += literal
            if field is None:
                continue
            if field not in ids:
                break
            key += require_id(field, ids[field])
        return key

    def parse(self, key: str) -> dict[str, str] | None:
        """The ids of a rendered key; None for any other text."""
        match = self._pattern.fullmatch(key)
        return None if match is None else match.groupdict()


KEYS: Final = {name: Key(template) for name, template in CONTRACT["keys"].items()}
_BLOCK: Final = Key(CONTRACT["block"]["template"])
_SHARDS: Final[int] = CONTRACT["block"]["shards"]
_FNV_OFFSET: Final = 0x811C9DC5
_FNV_PRIME: Final = 0x01000193
_MASK: Final = 0xFFFFFFFF


def shard_of(*, job: str, run: str, stage: str, task: str, attempt: str) -> str:
    """First component of a block's key: 32-bit FNV-1a, halves folded together. Part of the format."""
    value = _FNV_OFFSET
    for byte in f"{job}/{run}/{stage}/{task}-{attempt}".encode("ascii"):
        value = ((value ^ byte) * _FNV_PRIME) & _MASK
    return format((value ^ (value >> 16)) & (_SHARDS - 1), "02x")


def block_key(*, job: str, run: str, stage: str, task: str, attempt: str, extension: str = "arrow") -> str:
    """Key of the immutable object that an attempt writes."""
    ids = {"job": job, "run": run, "stage": stage, "task": task, "attempt": attempt}
    return _BLOCK.render(shard=shard_of(**ids), format=extension, **ids)
