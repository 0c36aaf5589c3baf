"""What ministack's CloudFormation lacks.

AWS::CloudWatch::CompositeAlarm: its API is there, and a template with one is refused before anything is
created. AWS::SecretsManager::Secret: its Ref is the ARN on AWS, and the name here, so that no policy that
names it lets anybody in.

@see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-secretsmanager-secret.html
"""

import json
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from patching import add_entry, replace_entry, require

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


def _secret_by_arn(old: dict[str, Any]) -> dict[str, Any]:
    """Its provisioners know it by its name, which stands in the ARN before a dash and six characters."""

    def name_in(arn: str) -> str:
        return arn.split(":secret:")[1].rpartition("-")[0]

    def by_arn(made: tuple[str, dict[str, str]]) -> tuple[str, dict[str, str]]:
        return made[1]["Arn"], made[1]

    def create(logical_id: str, properties: Properties, stack: str) -> Any:
        return by_arn(old["create"](logical_id, properties, stack))

    def update(
        arn: str, before: Properties, after: Properties, stack: str, logical_id: str | None = None
    ) -> Any:
        return by_arn(old["update"](name_in(arn), before, after, stack, logical_id))

    def delete(arn: str, properties: Properties) -> Any:
        return old["delete"](name_in(arn), properties)

    return {**old, "create": create, "update": update, "delete": delete}


def install() -> None:
    replace_entry(provisioners._RESOURCE_HANDLERS, "AWS::SecretsManager::Secret", _secret_by_arn)
    handler = {"create": _create_composite_alarm, "delete": _delete_composite_alarm}
    add_entry(provisioners._RESOURCE_HANDLERS, "AWS::CloudWatch::CompositeAlarm", handler)
