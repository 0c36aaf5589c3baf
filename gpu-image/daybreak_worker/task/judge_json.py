"""Whether an answer obeys a JSON Schema of the spec, as the other engines and the plan read schemas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from jsonschema import Draft7Validator, Draft201909Validator, Draft202012Validator, SchemaError
from jsonschema_specifications import REGISTRY

from daybreak_worker.task.in_time import PATTERN_SECONDS, OutOfTimeError, in_time
from daybreak_worker.task.read_json import BadJsonError, read_json
from daybreak_worker.task.read_pattern import UnreadableError, read_pattern

_DRAFTS: Final = (
    (re.compile(r"https://json-schema\.org/draft/2020-12/schema#?"), Draft202012Validator),
    (re.compile(r"https://json-schema\.org/draft/2019-09/schema#?"), Draft201909Validator),
    (re.compile(r"https?://json-schema\.org/draft-07/schema#?"), Draft7Validator),
)
_VALUES: Final = frozenset({"enum", "const", "default", "examples"})
"""Keywords whose values are values, whatever their keys are called."""
_BY_NAME: Final = frozenset({"properties", "$defs", "definitions", "dependentSchemas", "dependencies"})
"""Keywords whose values are schemas by name: no key of theirs is a keyword."""


def create_json_judge(schema: Mapping[str, Any]) -> Callable[[bytes], str | None]:
    """Fails with UnreadableError where answers could not be held against the schema."""
    validator_class = _find_draft(schema)
    read, patterns = _read_patterns(schema)
    try:
        validator_class.check_schema(read)
    except SchemaError as error:
        place = ".".join(str(part) for part in error.absolute_path)
        raise UnreadableError(f"has a schema that is none: {place or 'the whole'}: {error.validator}") from error
    # Nothing that it refers to is fetched.
    validator = validator_class(read, registry=REGISTRY)
    seconds = PATTERN_SECONDS if patterns else None

    def judge(data: bytes) -> str | None:
        try:
            value = read_json(data)
            with in_time(seconds):
                error = next(validator.iter_errors(value), None)
        except BadJsonError as bad:
            return str(bad)
        except OutOfTimeError:
            return "the answer could not be held against the schema in time"
        except Exception as failed:  # whatever the validator makes of a value or a reference: the row's, not the job's
            return f"the answer could not be held against the schema: {type(failed).__name__}"
        if error is None:
            return None
        # The place is of the schema: keys of an answer are values.
        place = ".".join(str(part) for part in error.absolute_schema_path)
        return f"the answer does not obey the schema at {place}"

    return judge


def _find_draft(schema: Mapping[str, Any]) -> Any:
    draft = schema.get("$schema")
    if draft is None:
        return Draft202012Validator
    for pattern, validator_class in _DRAFTS:
        if pattern.fullmatch(str(draft)):
            return validator_class
    raise UnreadableError("has a schema of a draft that is not known here; a schema is of 2020-12, 2019-09 or draft-07")


def _read_patterns(schema: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The schema with its regular expressions in Python's dialect, and how many there are."""
    count = 0

    def read_text(pattern: str) -> str:
        nonlocal count
        count += 1
        return read_pattern(pattern)

    def read_schema(value: Any) -> Any:
        if isinstance(value, list):
            return [read_schema(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {key: read_keyword(key, each) for key, each in value.items()}

    def read_keyword(key: str, value: Any) -> Any:
        if key in _VALUES:
            return value
        if key == "pattern" and isinstance(value, str):
            return read_text(value)
        if key == "patternProperties" and isinstance(value, dict):
            read = {read_text(pattern): read_schema(each) for pattern, each in value.items()}
            if len(read) < len(value):
                raise UnreadableError("has a schema with two patternProperties that say the same")
            return read
        if key in _BY_NAME and isinstance(value, dict):
            return {name: read_schema(each) for name, each in value.items()}
        return read_schema(value)

    return read_schema(dict(schema)), count
