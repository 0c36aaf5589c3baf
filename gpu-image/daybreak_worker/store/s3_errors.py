"""What S3 said, or that it said nothing. Errors are judged by the code in the answer; the status serves HEAD alone."""

from __future__ import annotations

from typing import Final, Literal

import botocore.exceptions as boto
import urllib3.exceptions as http

from daybreak_worker.errors import StoreError

Verdict = Literal["absent", "unmet", "beyond", "unknown", "refused"]
"""`absent`: no such object; `unmet`: the condition does not hold; `beyond`: the range begins past the end; `unknown`:
the request may have been done; `refused`: it was not."""

_BY_CODE: Final[dict[str, Verdict]] = {
    "NoSuchKey": "absent",
    "NotFound": "absent",
    # Of a completion that was tried twice: the first try may have been it.
    "NoSuchUpload": "unknown",
    "PreconditionFailed": "unmet",
    "InvalidRange": "beyond",
    "ConditionalRequestConflict": "unknown",
    "OperationAborted": "unknown",
    "InternalError": "unknown",
    "ServiceUnavailable": "unknown",
    "SlowDown": "unknown",
    "RequestTimeout": "unknown",
}
_BY_STATUS: Final[dict[int, Verdict]] = {404: "absent", 409: "unknown", 412: "unmet", 416: "beyond", 429: "unknown"}
"""Where the answer has no body and so no code: that of HEAD, whose code botocore makes of the status."""

_DENIED: Final = (
    "permission is denied (a missing object is told from a forbidden one only with s3:ListBucket on the bucket)"
)
_REASONS: Final = {
    "AccessDenied": _DENIED,
    "403": _DENIED,
    "NoSuchBucket": "there is no such bucket",
    "BadDigest": "its bytes are not those of their checksum",
    "XAmzContentSHA256Mismatch": "its bytes are not those of their checksum",
    "ConditionalRequestConflict": "another write of the same key was in flight",
    "SlowDown": "the store asked to slow down until all tries were used up",
}

NOT_SENT: Final = (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)
"""There are no credentials, or none that are valid: nothing was sent."""

BROKEN: Final = (
    boto.HTTPClientError,
    boto.ConnectionError,
    boto.IncompleteReadError,
    boto.ResponseStreamingError,
    boto.FlexibleChecksumError,
    http.HTTPError,
    OSError,
)
"""No answer, or one that broke off."""

S3_FAILURES: Final = (boto.ClientError, *NOT_SENT, *BROKEN)


def judge(error: Exception) -> Verdict:
    """What one of `S3_FAILURES` means for the request."""
    if isinstance(error, boto.ClientError):
        code, status = _code_of(error), _status_of(error)
        if code in _BY_CODE:
            return _BY_CODE[code]
        if code.isdigit() or code == "Unknown":
            return "unknown" if status >= 500 else _BY_STATUS.get(status, "refused")
        return "unknown" if status >= 500 or status == 429 else "refused"
    return "refused" if isinstance(error, NOT_SENT) else "unknown"


def as_store_error(error: Exception, operation: str, key: str) -> StoreError:
    """The failure with its facts. What botocore says of headers and credentials stays out of it."""
    return StoreError(operation, key, _reason_of(error), is_unknown=judge(error) == "unknown")


def _reason_of(error: Exception) -> str:
    if not isinstance(error, boto.ClientError):
        return f"no whole answer came ({type(error).__name__})"
    code = _code_of(error)
    message = error.response.get("Error", {}).get("Message", "")
    return _REASONS.get(code, f"the store answered {_status_of(error)} {code} ({message})")


def _code_of(error: boto.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _status_of(error: boto.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
