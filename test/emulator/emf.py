"""Metrics in the embedded metric format, which CloudWatch takes out of a function's log. ministack leaves
them there.

@see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from patching import replace, require

require(cloudwatch, "_store_datum", "_evaluate_all_alarms")

logger = logging.getLogger("emf")

# Namespace, name, dimensions, seconds, unit, value.
Datum = tuple[str, str, dict[str, str], float, str, float]


def metrics_of(line: str) -> Iterator[Datum]:
    """None for a line that is no document of the format. Raises KeyError, TypeError and ValueError for a
    broken one."""
    start = line.find("{")
    # The runtime's console puts time, request and level before it, with tabs.
    if start < 0 or '"_aws"' not in line or (start > 0 and line[start - 1] != "\t"):
        return
    document = json.loads(line[start:])
    seconds = document["_aws"]["Timestamp"] / 1000
    for directive in document["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = {name: str(document[name]) for name in names}
            for metric in directive["Metrics"]:
                values = document[metric["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    unit = metric.get("Unit", "None")
                    yield directive["Namespace"], metric["Name"], dimensions, seconds, unit, float(value)


def _take(line: str) -> bool:
    try:
        data = list(metrics_of(line))
    except (KeyError, TypeError, ValueError) as reason:
        # CloudWatch drops it silently; whoever reads the emulator's log sees why.
        logger.warning("no metric is made of a broken line of the format: %r", reason)
        return False
    for namespace, name, dimensions, seconds, unit, value in data:
        cloudwatch._store_datum(namespace, name, dimensions, seconds, unit, value, None, None, None)
    return bool(data)


def _emit(old: Callable[..., None]) -> Callable[..., None]:
    def emit(func: dict[str, Any], request_id: str, text: str, *rest: Any, **named: Any) -> None:
        old(func, request_id, text, *rest, **named)
        if any([_take(line) for line in (text or "").splitlines()]):
            cloudwatch._evaluate_all_alarms()

    return emit


def install() -> None:
    replace(lambda_svc, "_emit_lambda_logs", _emit)
