"""Alarms over one metric: its dimensions, M of N periods, missing data, and a clock.

ministack looks at an alarm only when a metric is put, pools all dimensions, and knows neither M of N nor
missing data. Alarms over expressions stay as they are there: never evaluated.

@see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import operator
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch

from patching import replace, require

require(
    cloudwatch, "_calc_stats", "_stat_value", "_dims_from_list", "_dims_key", "_metrics", "_record_history"
)
require(cloudwatch, "_dispatch_alarm_actions", "_evaluate_parent_alarms", "_evaluate_all_alarms")

# CloudWatch looks once a minute; tests do not wait so long.
TICK_SECONDS = float(os.environ.get("ALARM_TICK_SECONDS", "5"))

BREACHES = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

Alarm = dict[str, Any]
Point = dict[str, Any]


def _points(alarm: Alarm) -> list[Point]:
    wanted = (
        alarm["Namespace"],
        alarm["MetricName"],
        cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or [])),
    )
    return [point for key, points in list(cloudwatch._metrics.items()) if key == wanted for point in points]


def votes(alarm: Alarm, points: list[Point], now: float) -> list[bool]:
    """Whether each of the last N periods breaches, the latest first; a period without data votes as it is
    treated."""
    period, periods = int(alarm.get("Period") or 60), int(alarm.get("EvaluationPeriods") or 1)
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    treat, found = alarm.get("TreatMissingData"), []
    for index in range(periods):
        end = now - period * index
        inside = [point for point in points if end - period <= point["Timestamp"] <= end]
        if inside:
            value = cloudwatch._stat_value(cloudwatch._calc_stats(inside), statistic, inside)
            found.append(BREACHES[alarm["ComparisonOperator"]](value, float(alarm["Threshold"])))
        elif treat in ("breaching", "notBreaching"):
            found.append(treat == "breaching")
    return found


def _next_state(alarm: Alarm, found: list[bool]) -> str:
    if not found:
        return alarm["StateValue"] if alarm.get("TreatMissingData") == "ignore" else "INSUFFICIENT_DATA"
    needed = int(alarm.get("DatapointsToAlarm") or alarm.get("EvaluationPeriods") or 1)
    return "ALARM" if found.count(True) >= needed else "OK"


def _evaluate(old: Callable[[Alarm], None]) -> Callable[[Alarm], None]:
    def evaluate(alarm: Alarm) -> None:
        if not alarm.get("MetricName") or alarm.get("ComparisonOperator") not in BREACHES:
            return old(alarm)
        found = votes(alarm, _points(alarm), time.time())
        before, after = alarm["StateValue"], _next_state(alarm, found)
        if after == before:
            return
        reason = f"{found.count(True)} of {len(found)} datapoints breach the threshold {alarm['Threshold']}"
        alarm.update(StateValue=after, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        cloudwatch._record_history(alarm["AlarmName"], before, after, reason)
        cloudwatch._dispatch_alarm_actions(alarm, before, after, reason)
        cloudwatch._evaluate_parent_alarms(alarm)

    return evaluate


def _tick() -> None:
    while True:
        time.sleep(TICK_SECONDS)
        cloudwatch._evaluate_all_alarms()


def install() -> None:
    replace(cloudwatch, "_evaluate_alarm", _evaluate)
    threading.Thread(target=_tick, daemon=True, name="daybreak-alarms").start()
