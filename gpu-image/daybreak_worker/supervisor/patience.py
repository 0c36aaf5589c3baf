from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from daybreak_worker.errors import StoreError

MOST_FAILURES: Final = 15
"""In a row: half a minute of looks. A worker that ends gives up its engine, minutes of start, and two open tasks."""


class Patience:
    """Bears a store that fails for a while: a look that gets no answer says nothing, and the next one will."""

    def __init__(self) -> None:
        self._failures = 0

    @contextmanager
    def bear(self) -> Iterator[None]:
        """Ends what is inside where the store fails; fails with StoreError where it has done so too often in a row."""
        try:
            yield
        except StoreError:
            self._failures += 1
            if self._failures > MOST_FAILURES:
                raise
        else:
            self._failures = 0
