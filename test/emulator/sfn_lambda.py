"""`lambda:invoke` of Step Functions: the role's permission, AWS's error names, the whole of the result.

ministack asks no permission, names a throttled call `Lambda.Unknown`, and gives StatusCode and Payload only.

@see https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import lambda_svc
from ministack.services import stepfunctions as sfn

from lambda_outcomes import Outcome, ServiceFailure
from patching import replace, require
from roles import refusal
from sfn_endings import running
from sfn_limits import require_payload

require(
    lambda_svc,
    "_get_func_record_for_ref",
    "_execution_record_for_config",
    "_execute_function_with_config_scope",
)
require(sfn, "_resolve_lambda_function_ref")


def _fail(outcome: Outcome) -> None:
    body = outcome["body"]
    if outcome.get("throttle"):
        message = f"{body['message']} (Service: Lambda, Status Code: 429)"
        raise sfn._ExecutionError("Lambda.TooManyRequestsException", message)
    name = body.get("errorType") if isinstance(body, dict) else None
    raise sfn._ExecutionError(name or "Lambda.Unknown", json.dumps(body))


def _call(_old: object) -> Callable[[str, Any], Any]:
    def call(reference: str, event: Any) -> Any:
        func, config, name = lambda_svc._get_func_record_for_ref(reference)
        if func is None or config is None:
            raise sfn._ExecutionError("Lambda.ResourceNotFoundException", f"Function not found: {name}")
        denied = refusal(running.get().role_arn, "lambda:InvokeFunction", config["FunctionArn"])
        if denied is not None:
            raise sfn._ExecutionError(
                "Lambda.AWSLambdaException", f"{denied} (Service: Lambda, Status Code: 403)"
            )
        record = lambda_svc._execution_record_for_config(func, config)
        try:
            outcome = lambda_svc._execute_function_with_config_scope(record, event)
        except ServiceFailure as failure:
            message = f"{failure} (Service: Lambda, Status Code: 500)"
            raise sfn._ExecutionError("Lambda.ServiceException", message) from None
        if outcome.get("error"):
            _fail(outcome)
        return outcome.get("body")

    return call


def _with_metadata(result: dict[str, Any], version: str) -> dict[str, Any]:
    """What AWS's SDK adds, and what a state carries on where no ResultSelector or ResultPath leaves it
    out."""
    request_id = new_uuid()
    headers = {
        "Connection": ["keep-alive"],
        "Content-Length": [str(len(json.dumps(result["Payload"])))],
        "Content-Type": ["application/json"],
        "X-Amz-Executed-Version": [version],
        "x-amzn-Remapped-Content-Length": ["0"],
        "x-amzn-RequestId": [request_id],
    }
    return {
        "ExecutedVersion": version,
        "Payload": result["Payload"],
        "SdkHttpMetadata": {"AllHttpHeaders": headers, "HttpHeaders": headers, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": request_id},
        "StatusCode": result["StatusCode"],
    }


def _invoke(old: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def invoke(resource: str, data: Any) -> Any:
        result = old(resource, data)
        if resource == "arn:aws:states:::lambda:invoke":
            _, config, _ = lambda_svc._get_func_record_for_ref(data["FunctionName"])
            result = _with_metadata(result, (config or {}).get("Version", "$LATEST"))
        # Here, so that the task's own Catch sees it.
        require_payload(result, "The result of the task")
        return result

    return invoke


def install() -> None:
    replace(sfn, "_call_lambda", _call)
    replace(sfn, "_invoke_resource", _invoke)
