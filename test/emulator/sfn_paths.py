"""Paths that select nothing. ministack makes them null, silently; on AWS the execution fails with
States.Runtime.

Also: an intrinsic function that fails is States.IntrinsicFailure, and a ResultPath into something that is no
object States.ResultPathMatchFailure, where ministack replaces the input.

@see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions as sfn

from patching import replace, require

require(
    sfn,
    "_parse_jsonpath_tokens",
    "_evaluate_intrinsic",
    "_eval_intrinsic_arg",
    "_resolve_ctx_path",
    "_resolve_path_or_ctx",
)


class _NothingThere(Exception):
    pass


def _step(current: Any, kind: str, value: Any) -> list[Any]:
    if kind == "field":
        return [current[value]] if isinstance(current, dict) and value in current else []
    if kind == "index":
        return [current[value]] if isinstance(current, list) and value < len(current) else []
    return (
        list(current.values()) if isinstance(current, dict) else current if isinstance(current, list) else []
    )


def _select(path: str, data: Any) -> Any:
    tokens = sfn._parse_jsonpath_tokens(path)
    if tokens is None:
        raise sfn._ExecutionError("States.Runtime", f"the emulator does not know this form of path: {path}")
    values = [data]
    for kind, value in tokens:
        values = [found for current in values for found in _step(current, kind, value)]
    if any(kind == "wildcard" for kind, _ in tokens):
        return values
    if not values:
        raise _NothingThere
    return values[0]


def _resolve(_old: object) -> Callable[[str, Any], Any]:
    def resolve(path: str, data: Any) -> Any:
        if not path or path == "$" or not path.startswith("$"):
            return data
        try:
            return _select(path, data)
        except _NothingThere:
            # Without the input, which AWS prints: it may be long.
            raise sfn._ExecutionError(
                "States.Runtime", f"The JSONPath '{path}' could not be found in the input"
            ) from None

    return resolve


def _evaluate_rule(old: Callable[..., bool]) -> Callable[..., bool]:
    def evaluate(rule: dict[str, Any], data: Any, ctx: Any = None) -> bool:
        if "IsPresent" not in rule:
            return old(rule, data, ctx)
        source, path = (
            (ctx, rule["Variable"][1:]) if rule["Variable"].startswith("$$.") else (data, rule["Variable"])
        )
        try:
            _select(path, source)
        except _NothingThere:
            return rule["IsPresent"] is False
        return rule["IsPresent"] is True

    return evaluate


def _field(value: str, data: Any, ctx: Any) -> Any:
    if not value.startswith("States."):
        return sfn._resolve_path_or_ctx(value, data, ctx)
    try:
        return sfn._evaluate_intrinsic(value, data, ctx)
    except sfn._ExecutionError:
        raise
    except Exception as reason:
        raise sfn._ExecutionError(
            "States.IntrinsicFailure", f"The function '{value}' failed: {reason}"
        ) from reason


def _fill(_old: object) -> Callable[..., Any]:
    """A payload template: fields ending in `.$` take what their path or function gives, at any depth."""

    def fill(template: Any, data: Any, ctx: Any = None) -> Any:
        if isinstance(template, list):
            return [fill(item, data, ctx) for item in template]
        if not isinstance(template, dict):
            return template
        return {
            key[:-2] if key.endswith(".$") else key: _field(value, data, ctx)
            if key.endswith(".$")
            else fill(value, data, ctx)
            for key, value in template.items()
        }

    return fill


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _run_intrinsic(old: Callable[..., Any]) -> Callable[..., Any]:
    """States.Format writes values as JSON does, and takes as many as its template has places."""

    def run(node: tuple[str, str, list[Any]], data: Any, ctx: Any) -> Any:
        kind, name, arguments = node
        if name != "States.Format":
            return old(node, data, ctx)
        template, *values = [sfn._eval_intrinsic_arg(argument, data, ctx) for argument in arguments]
        if template.count("{}") != len(values):
            raise ValueError(f"{template.count('{}')} places for {len(values)} arguments")
        return old((kind, name, [("str", text) for text in (template, *map(_as_text, values))]), data, ctx)

    return run


def _put_result(old: Callable[..., Any]) -> Callable[..., Any]:
    def put(result_path: str | None, original: Any, result: Any) -> Any:
        if result_path not in (None, "$") and not isinstance(original, dict):
            message = f"Unable to apply ResultPath '{result_path}' to an input that is no object"
            raise sfn._ExecutionError("States.ResultPathMatchFailure", message)
        return old(result_path, original, result)

    return put


def install() -> None:
    replace(sfn, "_resolve_path", _resolve)
    replace(sfn, "_evaluate_rule", _evaluate_rule)
    replace(sfn, "_resolve_params_obj", _fill)
    replace(sfn, "_exec_intrinsic", _run_intrinsic)
    replace(sfn, "_apply_result_path_raw", _put_result)
