"""The store of other tests keeps the promises of the real ones."""

from __future__ import annotations

from typing import Any

import pytest
from conformance import CASES, World, run_case
from memory_store import MemoryStore


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_keeps_the_suite(case: dict[str, Any]) -> None:
    run_case(World(MemoryStore()), case)
