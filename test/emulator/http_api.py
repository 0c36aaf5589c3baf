"""Events and failures of an HTTP API.

ministack gives `pathParameters: null` and the like, where AWS leaves out what a request lacks; and it answers
502 with the error of a function that failed, where AWS answers 500 and says nothing.

@see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc

from lambda_outcomes import Outcome
from patching import replace

Execute = Callable[[dict[str, Any], Any], Outcome]


def _execute(old: Execute) -> Execute:
    def execute(func: dict[str, Any], event: Any) -> Outcome:
        if isinstance(event, dict) and event.get("version") == "2.0" and "requestContext" in event:
            event = {name: value for name, value in event.items() if value is not None}
        return old(func, event)

    return execute


def _respond(old: Callable[[Outcome], Any]) -> Callable[[Outcome], Any]:
    def respond(outcome: Outcome) -> Any:
        if outcome.get("error") and not outcome.get("throttle"):
            headers = {"Content-Type": "application/json"}
            return {
                "statusCode": 500,
                "headers": headers,
                "body": '{"message":"Internal Server Error"}',
            }, None
        return old(outcome)

    return respond


def install() -> None:
    replace(lambda_svc, "lambda_execute_result_to_api_proxy_response", _respond)
    replace(lambda_svc, "_execute_function_with_config_scope", _execute)
