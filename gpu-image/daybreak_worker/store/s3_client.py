"""A client for S3 whose every wait has a bound."""

from __future__ import annotations

import os
from typing import Any, Final

MAX_TRIES: Final = 6
"""Tries of one call, the first among them. Between them botocore waits, 1 s times 2, 4, 8, 16, of each a random part:
S3 answers 503 until it has split a prefix."""
_CONNECT_SECONDS: Final = 5
"""Three SYN packets go out in this time."""
_IDLE_SECONDS: Final = 60
"""Silence on a socket, before an answer or in the middle of it."""
_MAX_CONNECTIONS: Final = 32
"""More than the threads of the worker that ask at once."""

_ENDPOINT_VARIABLES: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


def create_s3_client(*, endpoint: str | None = None, max_tries: int = MAX_TRIES) -> Any:
    """By boto3's own chain of credentials and region. Of a store that speaks S3, which a variable names, buckets stand
    in the path.
    """
    import boto3
    from botocore.config import Config

    has_endpoint = endpoint is not None or any(os.environ.get(name) for name in _ENDPOINT_VARIABLES)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": max_tries},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_IDLE_SECONDS,
        max_pool_connections=_MAX_CONNECTIONS,
        s3={"addressing_style": "path" if has_endpoint else "auto"},
        user_agent_extra="daybreak-worker",
    )
    return boto3.Session().client("s3", endpoint_url=endpoint, config=config)
