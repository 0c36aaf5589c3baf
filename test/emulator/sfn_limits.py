"""Step Functions' limits, which ministack does not know: what is above them fails as it does on AWS.

@see https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

import json
from typing import Any

from ministack.services import stepfunctions as sfn

from patching import require

require(sfn, "_ExecutionError")

PAYLOAD_BYTES = 256 * 1024
HISTORY_EVENTS = 25_000
DEFINITION_BYTES = 1024 * 1024
NAME_CHARACTERS = 80
LABEL_CHARACTERS = 40


def payload_bytes(value: Any) -> int:
    """In UTF-8, as the state travels."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def require_payload(value: Any, what: str) -> None:
    """Raises States.DataLimitExceeded; `what` says whose payload it is."""
    size = payload_bytes(value)
    if size > PAYLOAD_BYTES:
        message = f"{what} of {size} bytes exceeds the maximum of {PAYLOAD_BYTES} bytes"
        raise sfn._ExecutionError("States.DataLimitExceeded", message)
