"""Reserved concurrency: ministack's CloudFormation drops it, and a published version does not see its
function's.

@see https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from patching import replace, replace_entry, require

require(lambda_svc, "_functions")
require(provisioners, "_RESOURCE_HANDLERS")

Resource = dict[str, Any]


def _reserve(name: str, properties: Resource) -> None:
    reserved = properties.get("ReservedConcurrentExecutions")
    lambda_svc._functions[name]["concurrency"] = None if reserved is None else int(reserved)


def _handler(old: dict[str, Any]) -> dict[str, Any]:
    def create(logical_id: str, properties: Resource, stack: str) -> Any:
        name, attributes = old["create"](logical_id, properties, stack)
        _reserve(name, properties)
        return name, attributes

    def update(
        physical_id: str, before: Resource, after: Resource, stack: str, logical_id: str | None = None
    ) -> Any:
        name, attributes = old["update"](physical_id, before, after, stack, logical_id)
        _reserve(name, after)
        return name, attributes

    return {**old, "create": create, "update": update}


def _reserved(_old: object) -> Callable[[Resource, Resource], int | None]:
    """Of the function, whichever of its versions is invoked."""

    def reserved(_func: Resource, config: Resource) -> int | None:
        return (lambda_svc._functions.get(config.get("FunctionName", "")) or {}).get("concurrency")

    return reserved


def install() -> None:
    replace_entry(provisioners._RESOURCE_HANDLERS, "AWS::Lambda::Function", _handler)
    replace(lambda_svc, "_reserved_concurrency", _reserved)
