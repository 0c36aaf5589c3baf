"""The conformance suite on files, and what only files have."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from conformance import CASES, FaultyStore, World, has_faults, run_case

from daybreak_worker.errors import DaybreakError, StoreError
from daybreak_worker.store.file_store import FileStore


def _unsynced(_: int) -> None:
    """Tests lose no power."""


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store", fsync=_unsynced)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_keeps_the_suite(store: FileStore, tmp_path: Path, case: dict[str, Any]) -> None:
    run_case(World(store), case)
    assert list((tmp_path / "store/.staging").iterdir()) == []


def test_the_suite_is_most_of_the_store_and_the_law() -> None:
    assert sum(case["needs"] == "store" for case in CASES) >= 18
    assert sum(case["needs"] == "law" for case in CASES) >= 35
    assert sum(has_faults(case) for case in CASES) >= 20


class _Forgetful(FaultyStore):
    def put_if_absent(self, key: str, data: bytes) -> Literal["created", "exists"]:
        self.put(key, data)
        return "created"


def test_the_suite_fails_a_store_that_forgets_that_something_is_there(tmp_path: Path) -> None:
    failed = 0
    for index, case in enumerate(CASES):
        store = _Forgetful(FileStore(tmp_path / str(index), fsync=_unsynced), [])
        try:
            run_case(World(store), case)
        except (AssertionError, DaybreakError):
            failed += 1
    assert failed > 15


def test_brings_a_commit_to_the_disk_with_two_fsyncs_and_its_new_folders_once(tmp_path: Path) -> None:
    syncs: list[int] = []
    store = FileStore(tmp_path, fsync=syncs.append)
    store.put_if_absent("jobs/a/0001/00-map/commits/000000.json", b"x")
    first = len(syncs)
    store.put_if_absent("jobs/a/0001/00-map/commits/000001.json", b"x")
    assert [first, len(syncs) - first] == [7, 2]


def test_fails_at_a_folder_that_is_a_link(store: FileStore, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a").write_text("x")
    (tmp_path / "store/jobs").symlink_to(tmp_path / "elsewhere")
    uses: tuple[Callable[[], object], ...] = (
        lambda: store.get("jobs/a"),
        lambda: store.put("jobs/a", b"y"),
        lambda: store.delete("jobs/a"),
    )
    for use in uses:
        with pytest.raises(StoreError, match="is a link"):
            use()
    assert (tmp_path / "elsewhere/a").read_text() == "x"


def test_leaves_nothing_where_the_disk_is_full(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(StoreError, match="the disk is full; it was not done"):
        store.put_if_absent("a", b"x")
    assert store.get("a") is None


def test_sweeps_what_a_death_left_a_day_ago(tmp_path: Path) -> None:
    FileStore(tmp_path)
    old, new = tmp_path / ".staging/old", tmp_path / ".staging/new"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 90_000,) * 2)
    FileStore(tmp_path)
    assert [old.exists(), new.exists()] == [False, True]


def test_refuses_a_key_that_leaves_the_store(store: FileStore) -> None:
    for key in ("../a", "a/../b", "/a", "a//b", ".hidden", ""):
        with pytest.raises(ValueError, match="is not a valid key"):
            store.put(key, b"x")
