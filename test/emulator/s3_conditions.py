"""Conditions of bucket policies on conditional writes, which ministack does not fill in: a policy that asks
for If-None-Match would refuse every write, or none.

@see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
"""

from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions

from patching import replace
from s3_requests import operation_of

HEADERS = {"if-none-match": "s3:if-none-match", "if-match": "s3:if-match"}
# s3:ObjectCreationOperation is true for these and false for the other writes, which take no such header.
CREATING = ("PutObject", "CopyObject", "CompleteMultipartUpload")
PREPARING = ("CreateMultipartUpload", "UploadPart", "UploadPartCopy")


def _operation(query: dict[str, Any], is_copy: bool) -> str:
    # The IAM action is s3:PutObject for all of them, and the method is not told: the query says which it is.
    method = "POST" if "uploads" in query or ("uploadId" in query and "partNumber" not in query) else "PUT"
    return operation_of(method, True, set(query), is_copy)


def _context(old: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def context(
        iam_action: str, query: dict[str, Any] | None, path: str = "", headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        found = old(iam_action, query, path, headers)
        if iam_action != "s3:PutObject":
            return found
        given = headers or {}
        operation = _operation(query or {}, "x-amz-copy-source" in given)
        if operation in (*CREATING, *PREPARING):
            found["s3:ObjectCreationOperation"] = str(operation in CREATING).lower()
        return found | {key: given[name] for name, key in HEADERS.items() if name in given}

    return context


def install() -> None:
    replace(iam_actions, "s3_service_context", _context)
