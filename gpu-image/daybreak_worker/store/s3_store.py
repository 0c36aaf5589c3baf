"""The store on S3. Its promises are S3's own: an object appears whole, a read sees the write before it, and of all that
write with `If-None-Match: *` one is let. Every object of ours has the SHA-256 of its bytes beside it, checked by S3.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from daybreak_worker.errors import StoreError
from daybreak_worker.store.object_store import (
    ObjectFacts,
    ObjectSums,
    is_key,
    is_key_component,
    require_folder,
    require_key,
    require_prefix,
)
from daybreak_worker.store.s3_client import MAX_TRIES
from daybreak_worker.store.s3_errors import BROKEN, S3_FAILURES, as_store_error, judge

_SINGLE_PUT_BYTES: Final = 512 * 2**20
"""The largest file that goes up in one request: only such an object has the SHA-256 of its bytes on S3."""
_PART_BYTES: Final = 64 * 2**20
_MOST_DELETES: Final = 1000
"""S3's limit on the keys of one request."""
_BODY_WAIT_SECONDS: Final = 0.1
"""Before a body that broke off is asked for again; doubled each time, and of that a random part."""
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")

_Result = TypeVar("_Result")


class S3Store:
    """The store whose objects are those of the bucket. Asks nothing of S3 yet."""

    def __init__(self, client: Any, bucket: str, *, single_put_bytes: int = _SINGLE_PUT_BYTES) -> None:
        self._client = client
        self._bucket = bucket
        self._single_put_bytes = single_put_bytes

    def get(self, key: str) -> bytes | None:
        body = self._reading(key, lambda: self._read_body(self._at(key)))
        return None if body is None else body[0]

    def get_range(self, key: str, offset: int, length_bytes: int) -> bytes | None:
        if length_bytes == 0:
            # There is no range without a byte, so the object itself is asked for.
            return None if self.head(key) is None else b""
        asked = {**self._at(key), "Range": f"bytes={offset}-{offset + length_bytes - 1}"}
        try:
            data, head = self._read_body(asked)
        except S3_FAILURES as error:
            verdict = judge(error)
            if verdict == "beyond":
                return b""
            if verdict == "absent":
                return None
            raise as_store_error(error, "read", key) from error
        return self._require_asked(key, (offset, length_bytes), data, head)

    def head(self, key: str) -> ObjectFacts | None:
        found = self._head(key)
        if found is None:
            return None
        return ObjectFacts(key, found["ContentLength"], _render_instant(found["LastModified"]))

    def put(self, key: str, data: bytes) -> None:
        self._asking("put", key, lambda: self._put_bytes(key, data))

    def put_if_absent(self, key: str, data: bytes) -> Literal["created", "exists"]:
        try:
            self._put_bytes(key, data, IfNoneMatch="*")
        except S3_FAILURES as error:
            if judge(error) == "unmet":
                return "exists"
            raise as_store_error(error, "put", key) from error
        return "created"

    def put_file(self, key: str, path: Path, sha256: str | None = None) -> None:
        if path.stat().st_size > self._single_put_bytes:
            self._asking("put", key, lambda: self._put_parts(key, path))
            return
        with path.open("rb") as file:
            known = sha256 or hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            checksum = _to_base64(known)
            self._asking(
                "put", key, lambda: self._client.put_object(**self._at(key), Body=file, ChecksumSHA256=checksum)
            )

    def local_path(self, key: str) -> Path | None:
        return None

    def sums(self, key: str) -> ObjectSums | None:
        found = self._head(key)
        return None if found is None else ObjectSums(found["ContentLength"], _whole_sha256(found))

    def list_objects(self, prefix: str) -> Iterator[ObjectFacts]:
        require_prefix(prefix)
        for page in self._pages(prefix):
            for each in page.get("Contents", []):
                # What stands under a name that is no key is not ours.
                if is_key(each["Key"]):
                    yield ObjectFacts(each["Key"], each["Size"], _render_instant(each["LastModified"]))

    def list_folders(self, prefix: str) -> Iterator[str]:
        require_folder(prefix)
        # S3 orders them with their slash, by which `a-b/` comes before `a/`, so all are taken first.
        names = [
            each["Prefix"][len(prefix) : -1]
            for page in self._pages(prefix, Delimiter="/")
            for each in page.get("CommonPrefixes", [])
        ]
        yield from sorted(name for name in names if is_key_component(name))

    def delete(self, key: str) -> None:
        self._asking("delete", key, lambda: self._client.delete_object(**self._at(key)))

    def delete_if_same(self, key: str, data: bytes) -> bool:
        found = self._reading(key, lambda: self._read_body(self._at(key)))
        if found is None or found[0] != data:
            return False
        try:
            self._client.delete_object(**self._at(key), IfMatch=found[1]["ETag"])
        except S3_FAILURES as error:
            if judge(error) in {"unmet", "absent"}:
                return False
            raise as_store_error(error, "delete", key) from error
        return True

    def delete_prefix(self, prefix: str) -> None:
        if prefix == "":
            raise ValueError("a prefix to delete is empty")
        keys = [facts.key for facts in self.list_objects(prefix)]
        for start in range(0, len(keys), _MOST_DELETES):
            self._delete_keys(keys[start : start + _MOST_DELETES])

    def _delete_keys(self, keys: list[str]) -> None:
        objects = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
        answer = self._asking(
            "delete",
            keys[0],
            lambda: self._client.delete_objects(Bucket=self._bucket, Delete=objects),
        )
        for failed in answer.get("Errors", []):
            if failed["Code"] != "NoSuchKey":
                raise StoreError("delete", failed["Key"], failed["Code"], is_unknown=True)

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": require_key(key)}

    def _asking(self, operation: str, key: str, ask: Callable[[], _Result]) -> _Result:
        try:
            return ask()
        except S3_FAILURES as error:
            raise as_store_error(error, operation, key) from error

    def _reading(self, key: str, read: Callable[[], _Result]) -> _Result | None:
        try:
            return read()
        except S3_FAILURES as error:
            if judge(error) == "absent":
                return None
            raise as_store_error(error, "read", key) from error

    def _head(self, key: str) -> Any | None:
        return self._reading(key, lambda: self._client.head_object(**self._at(key), ChecksumMode="ENABLED"))

    def _put_bytes(self, key: str, data: bytes, **condition: str) -> None:
        checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
        self._client.put_object(**self._at(key), **condition, Body=data, ChecksumSHA256=checksum)

    def _read_body(self, asked: dict[str, str]) -> tuple[bytes, Any]:
        """An object or a range with its whole body.

        To botocore a GET is done when the head of the answer is there, so that nobody would ask again for a body that
        breaks off or fails its checksum.
        """
        for attempt in range(MAX_TRIES):
            answer = self._client.get_object(**asked)
            try:
                return answer["Body"].read(), answer
            except BROKEN:
                if attempt == MAX_TRIES - 1:
                    raise
                time.sleep(_BODY_WAIT_SECONDS * 2**attempt * random.random())
            finally:
                answer["Body"].close()
        raise AssertionError("the last try returns or raises")

    def _require_asked(self, key: str, asked: tuple[int, int], data: bytes, head: Any) -> bytes:
        """Bytes that are not those of the range would be taken for them."""
        offset, length_bytes = asked
        match = _CONTENT_RANGE.fullmatch(head.get("ContentRange", ""))
        if match is not None and int(match[1]) == offset and len(data) == min(length_bytes, int(match[2]) - offset):
            return data
        sent = head.get("ContentRange", "the whole object")
        raise StoreError("read", key, f"it sent {len(data)} bytes as {sent}, for {length_bytes} bytes at {offset}")

    def _pages(self, prefix: str, **options: str) -> Iterator[Any]:
        token: dict[str, str] = {}
        while True:
            page = self._asking(
                "list",
                prefix,
                lambda token=token: self._client.list_objects_v2(  # type: ignore[misc]
                    Bucket=self._bucket, Prefix=prefix, **options, **token
                ),
            )
            yield page
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def _put_parts(self, key: str, path: Path) -> None:
        """Sends a file in parts, which become an object at once. What is not completed is aborted: parts cost money."""
        at = self._at(key)
        upload = {"UploadId": self._client.create_multipart_upload(**at, ChecksumAlgorithm="SHA256")["UploadId"]}
        try:
            parts: list[dict[str, Any]] = []
            with path.open("rb") as file:
                while data := file.read(_PART_BYTES):
                    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
                    sent = {"PartNumber": len(parts) + 1, "ChecksumSHA256": checksum}
                    answer = self._client.upload_part(**at, **upload, **sent, Body=data)
                    parts.append({**sent, "ETag": answer["ETag"]})
            self._client.complete_multipart_upload(**at, **upload, MultipartUpload={"Parts": parts})
        except BaseException:
            # The failure that is being raised says more; the bucket's lifecycle removes the parts.
            with suppress(*S3_FAILURES):
                self._client.abort_multipart_upload(**at, **upload)
            raise


def _to_base64(sha256: str) -> str:
    return base64.b64encode(bytes.fromhex(sha256)).decode()


def _whole_sha256(head: Any) -> str | None:
    """Hex; None for the checksum of an object that came in parts, which is one of their checksums."""
    checksum = head.get("ChecksumSHA256")
    return None if checksum is None or "-" in checksum else base64.b64decode(checksum).hex()


def _render_instant(instant: Any) -> str:
    text: str = instant.isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
