"""StartExecution as AWS answers it: idempotent for a running execution of the same name and input, and
strict.

ministack refuses every name that it knows, and takes any name and any input.

@see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

import json
import re
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import stepfunctions as sfn

from patching import replace
from sfn_limits import NAME_CHARACTERS, PAYLOAD_BYTES

# White space, brackets, wildcards, and the characters that have a meaning in ARNs, URLs and shells.
FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")

Answer = tuple[int, dict[str, str], bytes]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _refused(name: str | None, text: str) -> Answer | None:
    if name is not None and (not 1 <= len(name) <= NAME_CHARACTERS or FORBIDDEN.search(name)):
        return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
    size = len(text.encode())
    if size > PAYLOAD_BYTES:
        message = f"Invalid execution input: {size} bytes, at most {PAYLOAD_BYTES} are allowed"
        return error_response_json("InvalidExecutionInput", message, 400)
    if not _is_json(text):
        return error_response_json("InvalidExecutionInput", "Invalid State Machine Execution Input", 400)
    return None


def _start(old: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    def start(data: dict[str, Any]) -> Answer:
        name, text = data.get("name"), data.get("input", "{}")
        refused = _refused(name, text)
        if refused is not None:
            return refused
        machine = sfn._state_machines.get(data.get("stateMachineArn", ""), {}).get("name", "")
        arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{machine}:{name}"
        execution = sfn._executions.get(arn)
        if execution is not None and execution["status"] == "RUNNING" and execution["input"] == text:
            return json_response({"executionArn": arn, "startDate": execution["startDate"]})
        return old(data)

    return start


def install() -> None:
    replace(sfn, "_start_execution", _start)
