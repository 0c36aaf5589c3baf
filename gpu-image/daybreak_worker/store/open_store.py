from __future__ import annotations

from typing import Final

from daybreak_worker.store.file_store import FileStore
from daybreak_worker.store.object_store import ObjectStore

_S3: Final = "s3://"


def open_store(place: str) -> ObjectStore:
    """The store in a folder, or in a bucket: `s3://BUCKET`. Fails with StoreError, for another
    address with ValueError.
    """
    if not place.startswith(_S3):
        return FileStore(place)
    bucket = place.removeprefix(_S3).rstrip("/")
    if bucket == "" or "/" in bucket:
        raise ValueError(f"{place} is not the address of a bucket: the store has one for itself")
    from daybreak_worker.store.s3_client import create_s3_client
    from daybreak_worker.store.s3_store import S3Store

    return S3Store(create_s3_client(), bucket)
