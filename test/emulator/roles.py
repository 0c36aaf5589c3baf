"""What AWS does as a role when no request comes in: Step Functions calls Lambda and S3 as the state machine's
role.

ministack checks requests that arrive over HTTP, and nothing that one of its services asks of another.
"""

import contextvars
from typing import Any

from ministack import app
from ministack.core import iam_evaluator, lambda_runtime
from ministack.core.responses import get_account_id, get_region

from patching import require

require(iam_evaluator, "enforce", "_signed_request", "_anonymous", "AuthError")
require(lambda_runtime, "execution_credentials")
require(app, "AUTH")


def role_session(role_arn: str, session: str) -> dict[str, str]:
    """AWS_* credentials of a session of the role; without AUTH those of the account, which may do
    everything."""
    function_arn = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{session}"
    config = {"Role": role_arn, "FunctionName": session, "FunctionArn": function_arn}
    return lambda_runtime.execution_credentials(config)


def refusal(role_arn: str, action: str, resource_arn: str) -> str | None:
    """Why the role may not do it, in AWS's words; None where it may, and always without AUTH.

    `action` is that of IAM: `lambda:InvokeFunction`.
    """
    if not app.AUTH:
        return None
    service = action.split(":")[0]
    key = role_session(role_arn, service)["AWS_ACCESS_KEY_ID"]

    def check() -> Any:
        # The request that this thread descends from was somebody else's.
        iam_evaluator._signed_request.set(None)
        iam_evaluator._anonymous.set(False)
        return iam_evaluator.enforce(key, action, service, get_region(), resource_arn=resource_arn)

    denied = contextvars.copy_context().run(check)
    if denied is None:
        return None
    if isinstance(denied, iam_evaluator.AuthError):
        return denied.message
    return (
        f"User: {denied.principal_arn} is not authorized to perform: {action} on resource: {resource_arn} "
        f"because no identity-based policy allows the {action} action"
    )
