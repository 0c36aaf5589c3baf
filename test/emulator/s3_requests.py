"""Which operation of S3 a request is, as its API names it; path style only, which is what an endpoint by
address gets."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from asgi import Scope, header


@dataclass(frozen=True)
class S3Request:
    operation: str
    bucket: str
    # Empty where the request is about the bucket.
    key: str


# By method, then by the parameter of the query that tells it from the others; empty: none of them.
_OF_OBJECTS = {
    "PUT": {"partNumber": "UploadPart", "tagging": "PutObjectTagging", "": "PutObject"},
    "POST": {"uploads": "CreateMultipartUpload", "uploadId": "CompleteMultipartUpload"},
    "GET": {
        "uploadId": "ListParts",
        "attributes": "GetObjectAttributes",
        "tagging": "GetObjectTagging",
        "": "GetObject",
    },
    "HEAD": {"": "HeadObject"},
    "DELETE": {"uploadId": "AbortMultipartUpload", "tagging": "DeleteObjectTagging", "": "DeleteObject"},
}
_OF_BUCKETS = {
    "GET": {"list-type": "ListObjectsV2", "uploads": "ListMultipartUploads"},
    "POST": {"delete": "DeleteObjects"},
    "HEAD": {"": "HeadBucket"},
}
_COPIES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}


def operation_of(method: str, is_of_object: bool, parameters: set[str], is_copy: bool) -> str:
    """Empty where it is none of those that faults and conditions know."""
    table = (_OF_OBJECTS if is_of_object else _OF_BUCKETS).get(method, {})
    name = next((name for parameter, name in table.items() if parameter in parameters), table.get("", ""))
    return _COPIES.get(name, name) if is_copy else name


def s3_request(scope: Scope) -> S3Request | None:
    """None where the request is not signed for S3, or is of an operation that is not in the tables."""
    if "/s3/aws4_request" not in header(scope, "authorization"):
        return None
    bucket, _, key = unquote(scope["path"].lstrip("/")).partition("/")
    parameters = set(parse_qs(scope["query_string"].decode(), keep_blank_values=True))
    is_copy = header(scope, "x-amz-copy-source") != ""
    operation = operation_of(scope["method"], key != "", parameters, is_copy)
    return S3Request(operation, bucket, key) if operation else None
