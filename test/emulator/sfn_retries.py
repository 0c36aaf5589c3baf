"""Retry and Catch as AWS has them.

ministack ignores MaxDelaySeconds and JitterStrategy and waits a minute at most; and its States.ALL and
States.TaskFailed catch what they cannot on AWS: States.Runtime, and States.DataLimitExceeded unless it is
named.

@see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import random
import time
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions as sfn

from patching import replace, require
from sfn_endings import require_running, running

require(sfn, "_SFN_WAIT_SCALE")

# How soon a wait notices that its execution has ended.
LOOK_SECONDS = 0.1


def delay_seconds(retrier: dict[str, Any], attempts: int) -> float:
    """Before the next attempt, after so many: with FULL jitter anything from none of it to all."""
    delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** attempts
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay


def _find_retrier(old: Callable[..., Any]) -> Callable[..., Any]:
    """The wait happens here, as the caller knows nothing but IntervalSeconds up to a minute."""

    def find(retriers: list[dict[str, Any]], error: str, counts: dict[int, int]) -> tuple[Any, int]:
        retrier, index = old(retriers, error, counts)
        if retrier is None:
            return retrier, index
        sfn._scaled_sleep(delay_seconds(retrier, counts.get(index, 0)))
        return {**retrier, "IntervalSeconds": 0}, index

    return find


def _matches(old: Callable[[list[str], str], bool]) -> Callable[[list[str], str], bool]:
    def matches(error_equals: list[str], error: str) -> bool:
        if error == "States.Runtime":
            return False
        if error == "States.DataLimitExceeded":
            return error in error_equals
        return old(error_equals, error)

    return matches


def _sleep(_old: object) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        until = time.monotonic() + seconds * sfn._SFN_WAIT_SCALE
        current = running.get(None)
        while (left := until - time.monotonic()) > 0:
            if current is not None:
                require_running(current.execution)
            time.sleep(min(left, LOOK_SECONDS))

    return sleep


def install() -> None:
    replace(sfn, "_find_matching_retrier", _find_retrier)
    replace(sfn, "_error_matches", _matches)
    replace(sfn, "_scaled_sleep", _sleep)
