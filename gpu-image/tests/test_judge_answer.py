"""What is held against an answer: the same as where an endpoint answers, whatever Python makes of a schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from memory_store import MemoryStore
from run_stage import Trial
from scripted import Script
from stage_world import StageWorld, piece_of, request_of
from virtual_time import run_virtually

from daybreak_worker.task.judge_answer import create_judge
from daybreak_worker.task.open_task import OpenTask
from daybreak_worker.task.read_pattern import UnreadableError, read_pattern
from daybreak_worker.task.read_pieces import Pieces

# Each with what JavaScript finds in it, and what it does not: `new RegExp(pattern, 'u').test(text)`.
_PATTERNS: list[tuple[str, list[str], list[str]]] = [
    ("^(?<y>[0-9]+)$", ["12"], ["x", "12\n", "\uff11\uff12"]),
    ("^(?<q>a)\\k<q>$", ["aa"], ["a", "ab"]),
    ("^[^]+$", ["a\n"], [""]),
    ("[]", [], ["", "a", "[]"]),
    ("^\\u{61}+$", ["aaa"], ["u" * 61]),
    ("^\\ud83d\\ude00$", ["\U0001f600"], ["x"]),
    ("^.$", ["a", "é"], ["\n", "\u2028", "ab"]),
    ("^\\s$", [" ", "\u00a0", "\u2028"], ["a"]),
    ("^[\\s]$", ["\u00a0"], ["a"]),
    ("^\\S$", ["a", "é"], ["\u00a0", "\u2028"]),
    ("^[\\S]$", ["a"], ["\u00a0"]),
    ("^[^\\s]$", ["a"], ["\u00a0"]),
    ("^\\d$", ["1"], ["\uff11"]),
    ("^\\w$", ["a"], ["é"]),
    ("^[(?<y>]$", ["(", "y", ">"], ["a"]),
    ("^[a[b]$", ["["], ["]"]),
    ("^[$.{]$", ["$", ".", "{"], ["a"]),
    ("^[\\w\\-]+$", ["a-b"], [" "]),
    ("^\\/a$", ["/a"], ["a"]),
    ("^\\cJ$", ["\n"], ["J"]),
    ("^a{2,}$", ["aaa"], ["a"]),
    ("^(?:a|b)$", ["a"], ["ab"]),
    ("(?<=a)b", ["ab"], ["bb"]),
]


@pytest.mark.parametrize(("pattern", "found", "missed"), _PATTERNS)
def test_reads_a_regular_expression_as_javascript_does(pattern: str, found: list[str], missed: list[str]) -> None:
    compiled = re.compile(read_pattern(pattern))
    assert [text for text in [*found, *missed] if compiled.search(text)] == found


@pytest.mark.parametrize("pattern", ["\\p{L}+", "(?<=a+)b", "(", "\\u{110000}"])
def test_refuses_a_regular_expression_that_no_answer_could_be_held_against(pattern: str) -> None:
    for answer in ({"kind": "regex", "regex": pattern}, {"kind": "json", "schema": {"pattern": pattern}}):
        with pytest.raises(UnreadableError, match=r"regular expression|a character that there is not"):
            create_judge(answer)


def _judge(schema: dict[str, Any], data: str) -> str | None:
    return create_judge({"kind": "json", "schema": schema})(data.encode())


_NAMED = {"patternProperties": {"^(?<y>[0-9]+)$": {"type": "integer"}}, "additionalProperties": False}
_TUPLE = [{"type": "integer"}, {"type": "string"}]
_DRAFT_7 = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    ("schema", "right", "wrong"),
    [
        ({"type": "string", "pattern": "^(?<y>[0-9]+)$"}, '"12"', '"x"'),
        ({"type": "string", "pattern": "^[0-9]+$"}, '"12"', '"12\\n"'),
        (_NAMED, '{"1": 1}', '{"a": 1}'),
        (_NAMED, '{"1": 1}', '{"1": "a"}'),
        ({"properties": {"pattern": {"type": "integer"}}}, '{"pattern": 1}', '{"pattern": "("}'),
        ({"enum": [{"pattern": "("}]}, '{"pattern": "("}', '{"pattern": "[("}'),
        ({"$schema": _DRAFT_7, "items": _TUPLE}, '[1, "a"]', '["a", 1]'),
        ({"$schema": "https://json-schema.org/draft/2019-09/schema", "items": _TUPLE}, '[1, "a"]', '["a", 1]'),
        ({"prefixItems": _TUPLE}, '[1, "a"]', '["a", 1]'),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"pattern": "^\\u{61}$"}}}, '"a"', '"b"'),
    ],
)
def test_holds_answers_against_schemas_of_every_draft(schema: dict[str, Any], right: str, wrong: str) -> None:
    assert _judge(schema, right) is None
    problem = _judge(schema, wrong)
    assert problem is not None
    assert "does not obey the schema at" in problem


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ('{"a":999,"a":1}', "a key twice"),
        ('{"a":[{"b":1,"b":1}]}', "a key twice"),
        ('"\\ud800"', "half of a surrogate pair"),
        ('{"\\udc00":1}', "half of a surrogate pair"),
        ("1e400", "too large"),
        ("-1" + "0" * 400, "too large"),
        ("1" * 5000, "too large"),
        ("NaN", "no JSON"),
        ("[" * 501 + "]" * 501, "more than 500 levels"),
        ("[" * 100_000, "no JSON"),
        ("", "no JSON"),
    ],
)
def test_refuses_what_others_would_read_as_something_else(data: str, problem: str) -> None:
    assert problem in (_judge({}, data) or "")


def test_takes_json_as_it_is() -> None:
    for data in ('"\\ud83d\\ude00"', "[" * 500 + "]" * 500, '{"a":{"a":1},"b":{"a":1}}', "1e308", "0.1"):
        assert _judge({}, data) is None


def test_rejects_what_cannot_be_held_against_the_schema_and_fetches_nothing() -> None:
    assert _judge({"$ref": "http://127.0.0.1:9/schema"}, "1") is not None
    assert _judge({"type": "string", "pattern": "^([a-z]+ ?)+[.]$"}, f'"{"a" * 60}"') is not None
    assert create_judge({"kind": "regex", "regex": "([a-z]+ ?)+[.]"})(b"a" * 60) is not None


@pytest.mark.parametrize("schema", [{"type": "strin"}, {"$schema": "http://json-schema.org/draft-04/schema#"}])
def test_refuses_a_schema_that_it_cannot_read(schema: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError, match="has a schema"):
        create_judge({"kind": "json", "schema": schema})


def test_fails_by_name_before_a_row_is_asked_where_answers_could_not_be_judged(tmp_path: Path) -> None:
    answer = {"kind": "json", "schema": {"type": "string", "pattern": "^\\p{L}+$"}}
    trial = Trial(StageWorld(MemoryStore(), [3], answer).build(), Script(), tmp_path)
    assert run_virtually(trial.run()) == 68
    failure = trial.said("failed")[0]["failure"]
    assert failure["name"] == "EngineRefusalError"
    assert "a regular expression with \\p, which its answers cannot be held against here" in failure["message"]
    assert trial.engine is None


def test_rejects_every_answer_of_another_shape_and_goes_on(tmp_path: Path) -> None:
    answer = {"kind": "json", "schema": {"properties": {"digest": {"type": "string", "pattern": "^(?<y>x)$"}}}}
    limit = {"unit": "rate", "value": 1}
    world = StageWorld(MemoryStore(), [3], answer, limit=limit).build()
    trial = Trial(world, Script(), tmp_path)
    assert run_virtually(trial.run()) == 0
    rejects = world.rejects()
    assert [each["cause"] for each in rejects] == ["answer_shape"] * 3
    # Both sides of what was said: without the answer nobody can mend a prompt or a schema.
    assert [each["raw"] for each in rejects] == [request_of(row) for row in range(3)]
    assert all(set(json.loads(each["answer"])) == {"digest"} for each in rejects)


def test_cuts_the_answer_of_a_reject_between_characters() -> None:
    task = OpenTask("000000", "an-attempt", "now", Pieces([piece_of([0], {})], ["000000"], 0))
    said = ("a" + "\U0001f600" * 2_000).encode()
    reject = task.settle_reject(0, "answer_shape", error=None, message="m", said=said)
    assert reject.answer == "a" + "\U0001f600" * 499 + "…"


def test_keeps_no_answer_of_a_reject_that_is_no_text(tmp_path: Path) -> None:
    answer = {"kind": "embedding", "dimensions": 3}
    limit = {"unit": "rate", "value": 1}
    world = StageWorld(MemoryStore(), [2], answer, {0: "BAD", 1: "BAD"}, limit).build()
    assert run_virtually(Trial(world, Script(wrong_shape=("BAD",)), tmp_path).run()) == 0
    assert [(each["cause"], each["answer"]) for each in world.rejects()] == [("answer_shape", None)] * 2
