"""The conformance suite on S3: as it is, and with its faults on HTTP, which boto3's own retries meet.

`test/cloud/worker-store.test.ts` starts the emulator and runs this, with its address in AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conformance import CASES, World, flatten, has_faults, run_case
from faulty_proxy import Reach, faulty_proxy

from daybreak_worker.errors import StoreError
from daybreak_worker.store.object_store import ObjectStore
from daybreak_worker.store.s3_client import create_s3_client
from daybreak_worker.store.s3_store import S3Store

FAULTY = [case for case in CASES if has_faults(case)]


def _is_error(expected: Any) -> bool:
    return isinstance(expected, dict) and "error" in expected


SURVIVABLE = [
    case
    for case in FAULTY
    # What the caller is to hear of, boto3 would get over.
    if not any(step.get("faults") and _is_error(step.get("expect")) for step in flatten(case["steps"]))
]


@pytest.fixture(scope="session")
def client() -> Any:
    assert os.environ.get("AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL names no emulator: see the docstring of this file"
    return create_s3_client()


@pytest.fixture
def bucket(client: Any, request: pytest.FixtureRequest) -> str:
    """Cases share none, for their keys are the same."""
    _BUCKETS.append(request.node.name)
    name = f"worker-conformance-{len(_BUCKETS)}"
    client.create_bucket(Bucket=name)
    return name


_BUCKETS: list[str] = []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_keeps_the_suite(client: Any, bucket: str, case: dict[str, Any]) -> None:
    run_case(World(S3Store(client, bucket)), case)


def _play(client: Any, bucket: str, case: dict[str, Any], reach: Reach) -> int:
    met = 0

    @contextmanager
    def play_faults(faults: list[dict[str, Any]]) -> Iterator[ObjectStore]:
        nonlocal met
        with faulty_proxy(os.environ["AWS_ENDPOINT_URL"], faults, reach) as (address, script):
            # Two tries: botocore waits for seconds before a sixth one.
            yield S3Store(create_s3_client(endpoint=address, max_tries=2), bucket)
            met += script.met

    run_case(World(S3Store(client, bucket), play_faults), case)
    return met


@pytest.mark.parametrize("case", FAULTY, ids=lambda case: case["name"])
def test_keeps_it_with_faults_of_every_try(client: Any, bucket: str, case: dict[str, Any]) -> None:
    assert _play(client, bucket, case, "each-try") > 0


@pytest.mark.parametrize("case", SURVIVABLE, ids=lambda case: case["name"])
def test_keeps_it_with_faults_of_the_first_try(client: Any, bucket: str, case: dict[str, Any]) -> None:
    assert _play(client, bucket, case, "first-try") > 0


def test_reads_in_ranges_and_lists_more_than_a_page(client: Any, bucket: str) -> None:
    store = S3Store(client, bucket)
    for index in range(1_005):
        store.put(f"a/{index:06}", b"x")
    assert [facts.key for facts in store.list_objects("a/")] == [f"a/{index:06}" for index in range(1_005)]
    store.delete_prefix("a/0000")
    assert sum(1 for _ in store.list_objects("a/")) == 905


def test_puts_a_large_file_in_parts(client: Any, bucket: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(12_000_000))
    store = S3Store(client, bucket, single_put_bytes=1_000_000)
    store.put_file("b/x", path)
    assert store.get("b/x") == path.read_bytes()
    assert store.get_range("b/x", 11_999_990, 100) == path.read_bytes()[-10:]


def test_fails_by_name_where_there_is_no_bucket_and_never_tells_a_secret(client: Any) -> None:
    with pytest.raises(StoreError, match="there is no such bucket; it was not done") as failure:
        S3Store(client, "worker-conformance-none").put("a", b"x")
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in str(failure.value).split()
