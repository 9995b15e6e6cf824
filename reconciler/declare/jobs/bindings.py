"""What the steps of a job or of a component are bound to -> what is wrong with that. Pure.

`${{inputs.x}}` and `${{outputs.y}}` in a command name what the command itself declares;
`${{parent.inputs.x}}`, `${{parent.outputs.y}}` and `${{parent.jobs.a.outputs.y}}` in the inputs and
outputs of a step name what its pipeline and the other steps declare. A document that has errors of
another kind is looked at as far as it can be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Finding, Path, clip
from reconciler.declare.jobs.command_findings import NOT_CLOSED, command_findings
from reconciler.declare.jobs.kinds_of_steps import kind_findings
from reconciler.declare.jobs.types_of_data import inputs_of_data, type_findings
from reconciler.shell.binding import BINDING

_OF_BEFORE = re.compile(r"(?:inputs|outputs|jobs)\.")
MACROS = ("name", "creation_context.trigger_time")
"""What stands for something in any command, beside its own inputs and outputs."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What a component takes and makes."""

    inputs: Mapping[str, bool] = field(default_factory=dict)
    """By name, whether a value has to be given."""
    outputs: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()
    """Inputs that are files or folders: a text that is given for one is a path."""


At = Mapping[Path, Interface]
"""By the place of a step, the interface of the component file that it runs."""


def interface_of(component: Mapping[str, Any]) -> Interface:
    """Of the document of a component."""
    outputs = frozenset(map(str, mapping_at(component, "outputs")))
    return Interface(job_inputs(component), outputs, inputs_of_data(component))


def job_inputs(document: Mapping[str, Any]) -> dict[str, bool]:
    """The inputs that a job or a component declares, and whether each needs a value."""
    inputs = mapping_at(document, "inputs")
    return {str(name): _needs_value(value) for name, value in inputs.items()}


def _needs_value(declared: Any) -> bool:
    if isinstance(declared, dict):
        has_value = any(declared.get(key) is not None for key in ("default", "value", "path"))
        return not has_value and declared.get("optional") not in (True, "true", "True")
    return declared is None


def binding_findings(document: Mapping[str, Any], at: At, what: str = "job") -> Iterator[Finding]:
    """Bindings to nothing, inputs that a component has not, steps that wait for one another.

    `what`: what the document is of.
    """
    yield from type_findings(document, ())
    steps = mapping_at(document, "jobs")
    if not steps:
        if isinstance(document.get("command"), str):
            yield from _command(document, (), what)
        return
    needs: dict[str, set[str]] = {str(name): set() for name in steps}
    interfaces = {str(name): _interface(step, ("jobs", name), at) for name, step in steps.items()}
    for name, step in steps.items():
        path: Path = ("jobs", name)
        if not isinstance(step, dict):
            continue
        yield from kind_findings(step, path)
        yield from type_findings(step, path)
        if isinstance(step.get("command"), str):
            yield from _command(step, path, "step")
        inline = step.get("component")
        if isinstance(inline, dict):
            for finding in binding_findings(inline, {}, "component"):
                yield replace(finding, path=(*path, "component", *finding.path))
        interface = interfaces[name]
        if interface is not None:
            yield from _against(step, path, interface)
        for section in ("inputs", "outputs"):
            for key, value in mapping_at(step, section).items():
                for text in texts_in(value):
                    if "${{" in text and "}}" not in text[text.rindex("${{") :]:
                        where = (*path, section, key)
                        yield Finding("SCH032", where, NOT_CLOSED, 'end it with "}}"')
                    for binding in BINDING.findall(text):
                        where = (*path, section, key)
                        found = _step_binding(binding, where, document, interfaces, needs[name])
                        yield from found
    yield from _cycle(needs)


def _interface(step: Any, path: Path, at: At) -> Interface | None:
    """What a step takes and makes; None where its component is not at hand."""
    if not isinstance(step, dict):
        return None
    component = step.get("component")
    if isinstance(component, dict):
        return interface_of(component)
    if component is not None:
        return at.get(path)
    kind = step.get("type")
    if kind not in (None, "command") or not isinstance(step.get("command"), str):
        return None  # sweep, spark, automl ...: what they make is Azure's to know
    return Interface(
        {str(name): False for name in mapping_at(step, "inputs")},
        frozenset(map(str, mapping_at(step, "outputs"))),
    )


def _against(step: Mapping[str, Any], path: Path, interface: Interface) -> Iterator[Finding]:
    """What a step gives, beside what its component takes."""
    if "component" not in step:
        return
    for section, declared in (("inputs", list(interface.inputs)), ("outputs", interface.outputs)):
        for name in mapping_at(step, section):
            if name not in declared:
                what = f'the component has no {section[:-1]} "{clip(str(name))}"'
                hint = nearest(str(name), sorted(declared))
                yield Finding("SCH058", (*path, section, name), what, hint, "key")
    given = mapping_at(step, "inputs")
    for name, needed in interface.inputs.items():
        if needed and given.get(name) is None:
            what = f'the input "{clip(name)}" of the component has no value'
            yield Finding("SCH032", (*path, "component"), what, "name it under inputs of the step")


def _command(step: Mapping[str, Any], path: Path, what: str) -> Iterator[Finding]:
    """`${{inputs.x}}` and `${{outputs.y}}` of a command name what is declared beside it."""
    yield from command_findings(step, path)
    texts: list[tuple[Path, str]] = [((*path, "command"), step["command"])]
    for key, value in mapping_at(step, "environment_variables").items():
        texts.append(((*path, "environment_variables", key), str(value)))
    for where, text in texts:
        for binding in dict.fromkeys(BINDING.findall(text)):
            section, _, name = binding.partition(".")
            name = name.split(".")[0]
            if section in ("inputs", "outputs") and name:
                declared = mapping_at(step, section)
                if name not in declared:
                    message = f'the {what} has no {section[:-1]} "{clip(name)}"'
                    yield Finding("SCH032", where, message, nearest(name, list(declared)))
            elif binding not in MACROS:
                yield Finding("SCH032", where, _stands_for_nothing(binding), _meant(binding, step))


def _stands_for_nothing(binding: str) -> str:
    return f'"${{{{{clip(binding)}}}}}" stands for nothing in a command'


def _meant(binding: str, owner: Mapping[str, Any]) -> str | None:
    parts = binding.split(".")
    if parts[0] == "parent" and len(parts) == 3 and parts[2] in mapping_at(owner, parts[1]):
        return f'write "${{{{{parts[1]}.{parts[2]}}}}}"'
    if parts[0] == "parent":
        return "declare an input, bind it to that, and write ${{inputs.NAME}}"
    return "a command has ${{inputs.NAME}} and ${{outputs.NAME}}"


def _step_binding(
    binding: str,
    where: Path,
    document: Mapping[str, Any],
    interfaces: Mapping[str, Interface | None],
    needs: set[str],
) -> Iterator[Finding]:
    parts = binding.split(".")
    if (now := of_now(binding)) != binding:
        what = f'"${{{{{clip(binding)}}}}}" is of an old form, which Azure does not take any more'
        yield Finding("SCH045", where, what, f'write "${{{{{clip(now)}}}}}"')
        yield from _step_binding(now, where, document, interfaces, needs)
    elif parts[:2] == ["parent", "inputs"] and len(parts) >= 3:
        declared = mapping_at(document, "inputs")
        if parts[2] not in declared:
            yield _unbound(where, "the pipeline has no input", parts[2], declared)
    elif parts[:2] == ["parent", "outputs"] and len(parts) >= 3:
        declared = mapping_at(document, "outputs")
        if parts[2] not in declared:
            yield _unbound(where, "the pipeline has no output", parts[2], declared)
    elif parts[:2] == ["parent", "jobs"] and len(parts) >= 5 and parts[3] == "outputs":
        if parts[2] not in interfaces:
            yield _unbound(where, "the pipeline has no step", parts[2], interfaces)
            return
        needs.add(parts[2])
        interface = interfaces[parts[2]]
        if interface is not None and parts[4] not in interface.outputs:
            outputs = dict.fromkeys(sorted(interface.outputs))
            yield _unbound(where, f'the step "{clip(parts[2])}" has no output', parts[4], outputs)


def of_now(binding: str) -> str:
    """The inside of a binding in the inputs or outputs of a step; what is of the form of before
    2022 without the `parent.` that it begins with now: azure-ai-ml 1.35, `LEGACY_INPUT_PATTERN`.
    """
    return f"parent.{binding}" if _OF_BEFORE.match(binding) else binding


def _unbound(where: Path, message: str, name: str, choices: Mapping[str, Any]) -> Finding:
    return Finding("SCH032", where, f'{message} "{clip(name)}"', nearest(name, list(choices)))


def _cycle(needs: Mapping[str, set[str]]) -> Iterator[Finding]:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        yield Finding(
            "SCH032",
            ("jobs", ring[0]),
            "these steps wait for one another: " + " -> ".join(ring),
            "take one of the bindings out",
            "key",
        )


def mapping_at(owner: Any, key: str) -> Mapping[str, Any]:
    """The mapping under a key; an empty one where there is none, or something else."""
    found = owner.get(key) if isinstance(owner, dict) else None
    return found if isinstance(found, dict) else {}


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
