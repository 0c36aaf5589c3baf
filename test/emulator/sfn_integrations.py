"""Parameters of the services that a Task calls, as the API's own model (botocore's) has them."""

from functools import lru_cache
from typing import Any

from ministack.services import stepfunctions as sfn

from patching import require

require(sfn, "_AWS_SDK_SERVICE_MAP")

# Optimized integrations that the emulator runs, by the service and the operation of the API.
OPTIMIZED = {
    "arn:aws:states:::lambda:invoke": ("lambda", "Invoke"),
    "arn:aws:states:::sqs:sendMessage": ("sqs", "SendMessage"),
    "arn:aws:states:::sns:publish": ("sns", "Publish"),
    "arn:aws:states:::events:putEvents": ("events", "PutEvents"),
}
SDK = "arn:aws:states:::aws-sdk:"
# Services that the SDK of Step Functions calls otherwise than botocore.
NAMES = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}


@lru_cache
def _members(service: str, operation: str) -> frozenset[str] | None:
    """Names of the operation's parameters, in PascalCase; None where the service has no such operation."""
    from botocore.exceptions import DataNotFoundError
    from botocore.loaders import Loader

    try:
        model = Loader().load_service_model(service, "service-2")
    except DataNotFoundError:
        return None
    if operation not in model["operations"]:
        return None
    shape = model["operations"][operation].get("input", {}).get("shape")
    members = model["shapes"][shape]["members"] if shape else {}
    return frozenset(name[0].upper() + name[1:] for name in members)


def _operation(resource: str) -> tuple[str, str] | None:
    if resource in OPTIMIZED:
        return OPTIMIZED[resource]
    service, _, action = resource.removeprefix(SDK).partition(":")
    if not resource.startswith(SDK) or service not in sfn._AWS_SDK_SERVICE_MAP or not action:
        return None
    return NAMES.get(service, service), action[0].upper() + action[1:]


def parameter_problem(resource: str, parameters: dict[str, Any]) -> str | None:
    """What the API would not take; None for a function's own ARN, whose parameters are its event."""
    if resource.startswith("arn:aws:lambda:"):
        return None
    operation = _operation(resource)
    members = operation and _members(*operation)
    if members is None:
        return f"The resource '{resource}' is none that the emulator calls"
    unknown = sorted({name.removesuffix(".$") for name in parameters} - members)
    return f"The fields {unknown} are not supported by {resource}" if unknown else None
