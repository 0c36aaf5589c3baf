"""Resource types that ministack's CloudFormation lacks. It refuses a template with one before it creates
anything.

AWS::CloudWatch::CompositeAlarm only: its API is there.
"""

import json
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from patching import add_entry, require

require(provisioners, "_RESOURCE_HANDLERS", "_physical_name")
require(cloudwatch, "_put_composite_alarm", "_delete_alarms")

Properties = dict[str, Any]


def _create_composite_alarm(
    logical_id: str, properties: Properties, stack: str
) -> tuple[str, dict[str, str]]:
    name = properties.get("AlarmName") or provisioners._physical_name(stack, logical_id)
    status, _, body = cloudwatch._put_composite_alarm({}, {**properties, "AlarmName": name}, False, True)
    if status != 200:
        raise ValueError(json.loads(body).get("message", body))
    return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}


def _delete_composite_alarm(name: str, _properties: Properties) -> None:
    cloudwatch._delete_alarms({}, {"AlarmNames": [name]}, False, True)


def install() -> None:
    handler = {"create": _create_composite_alarm, "delete": _delete_composite_alarm}
    add_entry(provisioners._RESOURCE_HANDLERS, "AWS::CloudWatch::CompositeAlarm", handler)
