"""What AWS refuses when a state machine is created: fields that the language does not have, parameters that
an API does not have, transitions that lead nowhere. ministack takes every definition and ignores what it does
not know.

Other tools judge the same elsewhere (asl-validator); this one is here so that no test runs what AWS would not
take.

@see https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
"""

import json
from collections.abc import Iterator
from typing import Any

import sfn_fields as fields
from sfn_integrations import parameter_problem
from sfn_limits import DEFINITION_BYTES, LABEL_CHARACTERS, NAME_CHARACTERS

# What AWS calls most of them.
SCHEMA = "SCHEMA_VALIDATION_FAILED"

Problems = Iterator[str]
Node = dict[str, Any]


def _fields(node: Any, known: set[str], path: str) -> Problems:
    if not isinstance(node, dict):
        yield f"{SCHEMA}: Expected an object at {path or '/'}"
        return
    for name in node:
        if name not in known:
            yield f"{SCHEMA}: Field is not supported at {path}/{name}"
        elif name in fields.NOT_EMULATED:
            yield f"The emulator does not run this field of the language, though AWS does, at {path}/{name}"
        elif name in fields.EMULATED_VALUES and node[name] not in fields.EMULATED_VALUES[name]:
            allowed = ", ".join(fields.EMULATED_VALUES[name])
            yield f"The value is none of those that the emulator runs ({allowed}) at {path}/{name}"


def _template(node: Any, path: str) -> Problems:
    """A payload template: what a field ending in `.$` names is a path or an intrinsic function."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _template(item, f"{path}[{index}]")
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if not name.endswith(".$"):
            yield from _template(value, f"{path}/{name}")
        elif not isinstance(value, str) or not value.startswith(("$", "States.")):
            yield f"{SCHEMA}: The value for the field '{name}' must be a valid JSONPath at {path}/{name}"


def _parameters(node: Node, known: set[str], path: str) -> Problems:
    yield from _fields({name.removesuffix(".$"): value for name, value in node.items()}, known, path)
    yield from _template(node, path)


def _handlers(state: Node, path: str) -> Problems:
    for name, known in (("Retry", fields.RETRIER), ("Catch", fields.CATCHER)):
        entries = state.get(name, [])
        for index, entry in enumerate(entries):
            place = f"{path}/{name}[{index}]"
            yield from _fields(entry, known, place)
            errors = entry.get("ErrorEquals", [])
            if not errors:
                yield f"{SCHEMA}: ErrorEquals must not be empty at {place}"
            if "States.ALL" in errors and (len(errors) > 1 or index < len(entries) - 1):
                yield f"{SCHEMA}: States.ALL must appear alone and at the end at {place}/ErrorEquals"


def _rule(rule: Node, path: str) -> Problems:
    yield from _fields(rule, fields.RULE, path)
    for name in ("And", "Or"):
        for index, inner in enumerate(rule.get(name, [])):
            yield from _rule(inner, f"{path}/{name}[{index}]")
    if "Not" in rule:
        yield from _rule(rule["Not"], f"{path}/Not")


def _reader(reader: Node, path: str) -> Problems:
    yield from _fields(reader, fields.ITEM_READER, path)
    yield from _fields(reader.get("ReaderConfig", {}), fields.READER_CONFIG, f"{path}/ReaderConfig")
    yield from _parameters(reader.get("Parameters", {}), fields.READER_PARAMETERS, f"{path}/Parameters")
    if reader.get("Resource") not in fields.READER_RESOURCES:
        yield f"The emulator reads items from {fields.READER_RESOURCES[0]} only, at {path}/Resource"


def _map(state: Node, path: str) -> Problems:
    processor = state.get("ItemProcessor", {})
    config = processor.get("ProcessorConfig", {})
    yield from _fields(processor, fields.PROCESSOR, f"{path}/ItemProcessor")
    yield from _fields(config, fields.PROCESSOR_CONFIG, f"{path}/ItemProcessor/ProcessorConfig")
    if config.get("Mode") == "DISTRIBUTED" and "ExecutionType" not in config:
        yield f"{SCHEMA}: ExecutionType is required at {path}/ItemProcessor/ProcessorConfig"
    if config.get("Mode") != "DISTRIBUTED" and "ItemReader" in state:
        yield f"{SCHEMA}: Field is not supported in INLINE mode at {path}/ItemReader"
    if len(state.get("Label", "")) > LABEL_CHARACTERS:
        yield f"{SCHEMA}: Label is longer than {LABEL_CHARACTERS} characters at {path}/Label"
    for name in ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"):
        if name in state and f"{name}Path" in state:
            yield f"{SCHEMA}: {name} and {name}Path exclude each other at {path}"
    if "ItemReader" in state:
        yield from _reader(state["ItemReader"], f"{path}/ItemReader")
    yield from _states(processor, f"{path}/ItemProcessor")


def _state(state: Node, path: str) -> Problems:
    kind = state.get("Type")
    if kind not in fields.STATES:
        yield f"{SCHEMA}: Value is not a valid state type at {path}/Type"
        return
    yield from _fields(state, fields.STATES[kind], path)
    yield from _handlers(state, path)
    for name in ("Parameters", "ResultSelector", "ItemSelector"):
        yield from _template(state.get(name), f"{path}/{name}")
    if kind in ("Pass", "Task", "Wait", "Parallel", "Map") and ("Next" in state) == ("End" in state):
        yield f"{SCHEMA}: Exactly one of Next and End is required at {path}"
    if kind == "Task":
        problem = parameter_problem(state.get("Resource", ""), state.get("Parameters", {}))
        if problem is not None:
            yield f"{SCHEMA}: {problem} at {path}/Parameters"
    if kind == "Choice":
        for index, rule in enumerate(state.get("Choices", [])):
            yield from _rule(rule, f"{path}/Choices[{index}]")
    if kind == "Parallel":
        for index, branch in enumerate(state.get("Branches", [])):
            yield from _fields(branch, fields.BRANCH, f"{path}/Branches[{index}]")
            yield from _states(branch, f"{path}/Branches[{index}]")
    if kind == "Map":
        yield from _map(state, path)


def _targets(state: Node) -> set[str]:
    nodes = [state, *state.get("Choices", []), *state.get("Catch", [])]
    names = {node[name] for node in nodes for name in ("Next", "Default") if name in node}
    return {name for name in names if isinstance(name, str)}


def _states(machine: Node, path: str) -> Problems:
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield f"{SCHEMA}: States is required at {path or '/'}"
        return
    reached = {machine.get("StartAt", "")}.union(*(_targets(state) for state in states.values()))
    for name in reached - set(states):
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {name} at {path}/States"
    for name, state in states.items():
        place = f"{path}/States/{name}"
        if name not in reached:
            yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at {place}'
        if len(name) > NAME_CHARACTERS:
            yield f"{SCHEMA}: State name is longer than {NAME_CHARACTERS} characters at {place}"
        yield from _state(state, place)


def definition_problems(text: str) -> list[str]:
    """All of them, each with its path; empty for a definition that AWS takes and the emulator runs."""
    size = len(text.encode())
    if size > DEFINITION_BYTES:
        return [f"The definition has {size} bytes, at most {DEFINITION_BYTES} are allowed"]
    try:
        machine = json.loads(text)
    except ValueError as reason:
        return [f"INVALID_JSON_DESCRIPTION: {reason}"]
    return (
        [*_fields(machine, fields.MACHINE, ""), *_states(machine, "")]
        if isinstance(machine, dict)
        else [f"{SCHEMA}: Expected an object at /"]
    )
