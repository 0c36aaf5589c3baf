"""Regular expressions of a spec are JavaScript's; Python reads some of them as something else. Pure."""

from __future__ import annotations

import re
from typing import Final


class UnreadableError(Exception):
    """A shape that answers could not be held against. The sentence goes on from "it", the step."""


_SPACES: Final = r"\s\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_NO_SPACES: Final = (
    r"\x00-\x08\x0e-\x1f\x21-\x9f\xa1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff"
    r"\u3001-\ufefe\uff00-\U0010ffff"
)
_ANY_OF_LINE: Final = r"[^\n\r\u2028\u2029]"
_TOKEN: Final = re.compile(
    r"""
      \\u\{(?P<point>[0-9a-fA-F]+)\}
    | \\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})
    | \\(?P<known>u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[1-9][0-9]*)
    | \\c(?P<control>[a-zA-Z])
    | \\k<(?P<back>[^>]+)>
    | \\(?P<escaped>.)
    | \(\?<(?P<name>[^=!>][^>]*)>
    | (?P<quantifier>\{[0-9]+(?:,[0-9]*)?\})
    | (?P<empty>\[\^?\])
    | (?P<plain>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OUTSIDE_ONLY: Final = frozenset({"name", "quantifier", "empty"})
"""What is made of plain characters in a class."""
_AS_THEY_ARE: Final = frozenset("dDwWbBfnrtv0")
"""Escaped letters that mean in Python what they mean in JavaScript, where only ASCII counts."""


def read_pattern(pattern: str) -> str:
    """The same expression in Python's dialect, fit to stand beside others. Fails with UnreadableError."""
    is_referred_to = r"\k<" in pattern
    parts: list[str] = []
    is_class = False
    place = 0
    while place < len(pattern):
        token = _TOKEN.match(pattern, place)
        if token is None:
            raise ValueError("one of the alternatives takes any character")
        kind, text = token.lastgroup or "", token.group()
        if kind == "plain" or (is_class and kind in _OUTSIDE_ONLY):
            text = text[0]
            parts.append(_read_plain(text, is_class=is_class))
            is_class = text == "[" or (is_class and text != "]")
        elif kind == "name":
            parts.append(f"(?P<{token['name']}>" if is_referred_to else "(")
        elif kind == "empty":
            parts.append(r"[\s\S]" if text == "[^]" else r"(?!)")
        else:
            parts.append(_read_token(token, kind, is_class=is_class))
        place += len(text)
    read = f"(?a:{''.join(parts)})"
    try:
        re.compile(read)
    except (re.error, OverflowError, RecursionError) as error:
        problem = f"has a regular expression that its answers cannot be held against here: {error}"
        raise UnreadableError(problem) from error
    return read


def _read_plain(text: str, *, is_class: bool) -> str:
    if is_class:
        # Python warns that these will mean sets.
        return "\\" + text if text in "[&~|" else text
    return {".": _ANY_OF_LINE, "$": r"\Z", "{": r"\{"}.get(text, text)


def _read_token(token: re.Match[str], kind: str, *, is_class: bool) -> str:
    text = token.group()
    match kind:
        case "point":
            return _escape_point(int(token["point"], 16))
        case "low":
            high, low = int(token["high"], 16), int(token["low"], 16)
            return _escape_point(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
        case "control":
            return f"\\x{ord(token['control']) % 32:02x}"
        case "back":
            return f"(?P={token['back']})"
        case "escaped":
            return _read_escaped(token["escaped"], is_class=is_class)
    return text


def _read_escaped(text: str, *, is_class: bool) -> str:
    if text in "pP":
        raise UnreadableError(f"has a regular expression with \\{text}, which its answers cannot be held against here")
    if text in "sS":
        kept = _SPACES if text == "s" else _NO_SPACES
        return kept if is_class else f"[{kept}]"
    # Of a letter or a sign that means nothing more: itself.
    return f"\\{text}" if text in _AS_THEY_ARE else re.escape(text)


def _escape_point(point: int) -> str:
    if point > 0x10FFFF:
        raise UnreadableError("has a regular expression with a character that there is not")
    return f"\\U{point:08x}"
