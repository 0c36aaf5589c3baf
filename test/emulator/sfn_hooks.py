"""Step Functions: all its hooks, and the refusal of definitions."""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions as sfn
from ministack.services.cloudformation import provisioners

import sfn_distributed_map
import sfn_endings
import sfn_history
import sfn_lambda
import sfn_map_run
import sfn_paths
import sfn_retries
import sfn_s3
import sfn_start
import sfn_walk
from patching import replace, replace_entry, require
from sfn_definition import definition_problems

require(provisioners, "_RESOURCE_HANDLERS", "_sfn_definition", "_sfn_handler_error")


def _message(problems: list[str]) -> str:
    return f"Invalid State Machine Definition: '{'; '.join(problems)}'"


def _checked(old: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    def checked(data: dict[str, Any]) -> Any:
        problems = definition_problems(data["definition"]) if "definition" in data else []
        return error_response_json("InvalidDefinition", _message(problems), 400) if problems else old(data)

    return checked


def _checked_resource(old: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation writes the state machine into ministack's table, past its API."""

    def create(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        problems = definition_problems(provisioners._sfn_definition(properties))
        if problems:
            raise provisioners._sfn_handler_error(_message(problems))
        return old["create"](logical_id, properties, stack)

    return {**old, "create": create}


def install() -> None:
    for name in ("_create_state_machine", "_update_state_machine"):
        replace(sfn, name, _checked)
    replace_entry(provisioners._RESOURCE_HANDLERS, "AWS::StepFunctions::StateMachine", _checked_resource)
    parts = (sfn_endings, sfn_history, sfn_paths, sfn_retries, sfn_walk, sfn_lambda, sfn_s3, sfn_start)
    for part in (*parts, sfn_map_run, sfn_distributed_map):
        part.install()
