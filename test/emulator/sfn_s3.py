"""`aws-sdk:s3:putObject` and `getObject` of Step Functions, which ministack lacks, with the state machine's
role.

They go over HTTP, signed, so that faults of S3, bucket policies and events meet them as they meet everybody.

@see https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import json
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ministack.core.responses import get_region
from ministack.services import stepfunctions as sfn

from patching import replace
from roles import role_session
from sfn_endings import running

OPERATIONS = {"putObject": "put_object", "getObject": "get_object"}
PREFIX = "arn:aws:states:::aws-sdk:s3:"
# Of the answer: what a state can carry.
TEXTS = ("ETag", "ContentType", "ContentLength", "VersionId", "ServerSideEncryption")


@lru_cache
def _client(region: str, key: str, secret: str, token: str) -> Any:
    # Imported where it is needed: it takes longer than the rest of the start.
    import botocore.session

    # One try: Retry is the state's.
    config = botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return botocore.session.Session().create_client(
        "s3",
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token or None,
        config=config,
    )


def _error_name(client: Any, operation: str, code: str) -> str:
    """AWS names the exceptions of its Java SDK: those that the API's model knows, and S3Exception for all
    others."""
    modeled = [shape.name for shape in client.meta.service_model.operation_model(operation).error_shapes]
    return f"S3.{code}Exception" if code in modeled else "S3.S3Exception"


def _invoke(old: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    def invoke(resource: str, data: dict[str, Any]) -> Any:
        action = resource.removeprefix(PREFIX)
        if not resource.startswith(PREFIX) or action not in OPERATIONS:
            return old(resource, data)
        from botocore.exceptions import ClientError, HTTPClientError

        keys = role_session(running.get().role_arn, "states")
        secrets = (keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"])
        client = _client(get_region(), *secrets)
        body = data.get("Body")
        if body is not None and not isinstance(body, str):
            data = {**data, "Body": json.dumps(body, separators=(",", ":"))}
        try:
            answer = getattr(client, OPERATIONS[action])(**data)
        except ClientError as refused:
            error, status = refused.response["Error"], refused.response["ResponseMetadata"]["HTTPStatusCode"]
            name = _error_name(client, action[0].upper() + action[1:], error["Code"])
            message = f"{error.get('Message')} (Service: S3, Status Code: {status})"
            raise sfn._ExecutionError(name, message) from None
        except HTTPClientError as broken:
            raise sfn._ExecutionError("S3.SdkClientException", str(broken)) from None
        result = {name: answer[name] for name in TEXTS if name in answer}
        return {**result, "Body": answer["Body"].read().decode()} if action == "getObject" else result

    return invoke


def install() -> None:
    replace(sfn, "_invoke_aws_sdk_integration", _invoke)
