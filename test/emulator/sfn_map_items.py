"""The items of a Distributed Map: lines of a JSONL object, or an array in the state.

ministack splits JSONL at every character that Python takes for the end of a line, and asks no permission.

@see https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import json
from typing import Any

from ministack.services import stepfunctions as sfn

from patching import require
from roles import refusal

require(sfn, "_s3_object_text", "_resolve_path_or_ctx", "_resolve_params_obj")

State = dict[str, Any]


def _failed(cause: str) -> Exception:
    return sfn._ExecutionError("States.ItemReaderFailed", cause)


def _read_lines(reader: State, value: Any, ctx: State, role_arn: str) -> list[Any]:
    place = sfn._resolve_params_obj(reader["Parameters"], value, ctx)
    bucket, key = place["Bucket"], place["Key"]
    denied = refusal(role_arn, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")
    if denied is not None:
        raise _failed(denied)
    lines = sfn._s3_object_text(bucket, key).split("\n")
    try:
        return [json.loads(line) for line in lines if line.strip()]
    except ValueError as reason:
        raise _failed(f"s3://{bucket}/{key} is not JSONL: {reason}") from None


def read_items(state: State, value: Any, ctx: State, role_arn: str) -> list[Any]:
    """Raises States.ItemReaderFailed, or States.Runtime where ItemsPath selects no array."""
    if "ItemReader" in state:
        items = _read_lines(state["ItemReader"], value, ctx, role_arn)
        config = state["ItemReader"].get("ReaderConfig", {})
        return items[: config["MaxItems"]] if "MaxItems" in config else items
    items = sfn._resolve_path_or_ctx(state.get("ItemsPath", "$"), value, ctx)
    if not isinstance(items, list):
        raise sfn._ExecutionError("States.Runtime", "the items of the Map are no array")
    return items
