"""Replaces names of ministack.

The hooks of this folder are written for one version. A name that an upgrade moved fails at start, by name,
and not in the middle of a test.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

WRITTEN_FOR = "1.5.33"


class MovedName(RuntimeError):
    """This ministack is not the one that the hooks are written for."""


def require_version() -> None:
    """Fails where another ministack is installed."""
    found = version("ministack")
    if found != WRITTEN_FOR:
        raise MovedName(
            f"ministack {found} is installed, the hooks of test/emulator are written for {WRITTEN_FOR}"
        )


def require(owner: Any, *names: str) -> None:
    """Fails where the module or class lacks a name that a hook calls."""
    for name in names:
        if not hasattr(owner, name):
            raise MovedName(f"{getattr(owner, '__name__', owner)} of ministack has no {name!r} any more")


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Puts `make(old)` in the place of what stands under the name in a module or class."""
    require(owner, name)
    setattr(owner, name, make(getattr(owner, name)))


def replace_entry(table: dict[str, Any], key: str, make: Callable[[Any], Any]) -> None:
    """Puts `make(old)` in the place of an entry of a table of ministack."""
    if key not in table:
        raise MovedName(f"a table of ministack has no entry {key!r} any more")
    table[key] = make(table[key])


def add_entry(table: dict[str, Any], key: str, value: Any) -> None:
    """Adds what a table of ministack lacks. An entry that is there now means that the hook can go."""
    if key in table:
        raise MovedName(f"ministack has {key!r} of its own now: remove the hook")
    table[key] = value
