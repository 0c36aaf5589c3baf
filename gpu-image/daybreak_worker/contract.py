"""What the worker shares with the rest of Daybreak: contract.json, which `npm run contract` writes. Nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import jsonschema
from jsonschema import Draft202012Validator

Json = Mapping[str, Any]

CONTRACT: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "contract.json").read_text("utf-8"))

EXITS: Final[dict[str, int]] = CONTRACT["exits"]
FAILURES: Final[dict[str, str]] = CONTRACT["failures"]
"""Name of a failure to whether another attempt may succeed: `never`, `again`, `again-with-more-memory`."""
MAX_AMENDMENTS: Final[int] = CONTRACT["maxAmendments"]

_INFER: Final[dict[str, Any]] = CONTRACT["infer"]
LIMITS: Final[dict[str, int]] = _INFER["limits"]
REQUEST_COLUMN: Final[str] = _INFER["requestColumns"][0]["name"]
SEED_COLUMN: Final[str] = _INFER["requestColumns"][1]["name"]
ROW_COLUMN: Final[str] = _INFER["requestColumns"][2]["name"]
REQUEST_COLUMNS: Final[tuple[str, ...]] = (REQUEST_COLUMN, SEED_COLUMN, ROW_COLUMN)
ANSWER_COLUMN: Final[str] = _INFER["answerColumn"]
INFO_COLUMNS: Final[tuple[str, ...]] = tuple(column["name"] for column in _INFER["infoColumns"])
REJECT_CAUSES: Final[frozenset[str]] = frozenset(_INFER["rejectCauses"])
ROW_REJECT_CAUSES: Final[frozenset[str]] = frozenset(_INFER["rowRejectCauses"])
"""Of rows that another attempt rejects as well."""
REJECT_COLUMNS: Final[tuple[Mapping[str, str], ...]] = tuple(_INFER["rejectColumns"])


@cache
def validator_of(schema: str, definition: str | None = None) -> Draft202012Validator:
    """The judge of a schema of the contract, or of one of its definitions: `('Plan', 'PlannedStage')`."""
    document = CONTRACT["schemas"][schema]
    if definition is not None:
        document = {"$ref": f"#/$defs/{definition}", "$defs": document["$defs"]}
    return Draft202012Validator(document)


MAX_PROBLEMS: Final = 5
"""Problems that a message names: more help nobody."""


def problems_of(value: object, schema: str, definition: str | None = None) -> str | None:
    """What is wrong with `value`, place by place and without its values; None where it fits its schema."""
    errors = validator_of(schema, definition).iter_errors(value)
    problems = [_describe(error) for _, error in zip(range(MAX_PROBLEMS), errors, strict=False)]
    problems += _refine(value, definition or schema) if not problems else []
    return "; ".join(problems) or None


def _describe(error: jsonschema.ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path)
    return f"{place}: {error.validator} does not hold" if place else f"{error.validator} does not hold"


def _refine(value: Any, schema: str) -> Iterator[str] | list[str]:
    """What JSON Schema cannot say of a commit and a seal."""
    if schema == "Commit" and not _has_ordered_partitions(value):
        return ["partitions: they overlap or reach past the block"]
    if schema == "Sealed":
        tasks = [task for task, _, _ in value["commits"]]
        if any(left >= right for left, right in pairwise(tasks)):
            return ["commits: they are not in task order, or a task stands twice"]
    return []


def _has_ordered_partitions(commit: Json) -> bool:
    end = 0
    for offset, size_bytes, _, _ in commit["partitions"]:
        if offset < end:
            return False
        end = offset + size_bytes
    return bool(end <= commit["block"]["sizeBytes"])


_ID_PATTERNS: Final = {field: re.compile(pattern, re.ASCII) for field, pattern in CONTRACT["ids"].items()}


def is_id(field: str, text: str) -> bool:
    """Whether `text` is a valid id of that kind."""
    return _ID_PATTERNS[field].fullmatch(text) is not None


def require_id(field: str, text: str) -> str:
    """The id, or ValueError: a bad one that comes this far is a mistake of ours."""
    if is_id(field, text):
        return text
    raise ValueError(f"{text!r} is not a valid {field} id: expected {CONTRACT['ids'][field]}")


def parent_task_id(task: str) -> str | None:
    """The task that this one replaces; None for a task of the first list."""
    return None if len(require_id("task", task)) == 6 else task[:-4]
