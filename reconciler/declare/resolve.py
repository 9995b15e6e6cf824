"""A declaration -> the document that holds in one target: defaults, overrides, variables. Pure.

Merged in this order, later over earlier: defaults of `reconciler.yaml`, defaults of the target,
the declaration, its overrides for the target. Mappings merge, lists and values replace, null
removes, a trigger of another type replaces the trigger whole. Then `${{ vars.NAME }}` is filled
in: as the variable's own type where it is the whole value, as text inside one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Finding, Path
from reconciler.document import scalar_text
from reconciler.firing.clocks.zones import resolve as resolve_zone
from reconciler.model import Mode

VARIABLE = re.compile(r"\$\{\{\s*(vars|env)\.([^{}\s]*)\s*\}\}")
_ONLY_HERE = ("targets", "overrides", "moved_from", "$schema")


@dataclass(frozen=True, slots=True)
class Unset:
    """A value of reconciler.yaml, of a target that is not opened, that takes an environment
    variable which is not set here.
    """

    variable: str


@dataclass(frozen=True, slots=True)
class TargetSettings:
    """What `reconciler.yaml` says of one target that changes what is desired there."""

    name: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "heal"
    """What the loop does there at most; a schedule may ask for less."""
    components: Mapping[str, str] = field(default_factory=dict)
    """By the name that they are registered under elsewhere, the paths of component files."""
    folds_case: bool = False
    """Whether names that differ in their letters' case alone are one there, as in Azure's ids."""

    @property
    def time_zone(self) -> str:
        """The IANA name of the default time zone, for triggers that have none."""
        name = self.defaults.get("trigger", {}).get("time_zone")
        return (isinstance(name, str) and resolve_zone(name)) or "UTC"


def resolve(
    document: Mapping[str, Any], settings: TargetSettings
) -> tuple[dict[str, Any], list[Finding]]:
    """What `document` is in that target. Findings are about variables that are not known, and
    about those that are Unset.
    """
    merged = {key: value for key, value in document.items() if key not in _ONLY_HERE}
    overrides = document.get("overrides")
    override = overrides.get(settings.name) if isinstance(overrides, dict) else None
    if isinstance(override, dict):
        merged = _override(merged, override)
    if settings.defaults:
        merged = with_defaults(merged, settings.defaults)
    findings: list[Finding] = []
    resolved = substitute(merged, settings.variables, (), findings)
    return resolved, findings


def is_plain(document: Mapping[str, Any], settings: TargetSettings) -> bool:
    """Whether `document` has no override in that target and takes no default of it."""
    overrides = document.get("overrides")
    return not settings.defaults and not (
        isinstance(overrides, dict) and settings.name in overrides
    )


def _override(document: dict[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(document)
    for key, value in override.items():
        base = merged.get(key)
        if key == "create_job" and isinstance(value, dict) and isinstance(base, str):
            base = {"job": base}
        if key == "trigger" and _other_type(base, value):
            base = None
        if isinstance(value, dict):
            merged[key] = deep_merge(base if isinstance(base, dict) else {}, value)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def _other_type(base: Any, value: Any) -> bool:
    if not (isinstance(base, dict) and isinstance(value, dict) and "type" in value):
        return False
    return str(base.get("type")).lower() != str(value["type"]).lower()


def deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid over `base`: mappings merge, null removes, anything else replaces."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            under = merged.get(key)
            merged[key] = deep_merge(under if isinstance(under, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def with_defaults(document: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """`document` laid over `defaults`, as far as they go with its type of trigger."""
    merged = dict(document)
    for key, value in defaults.items():
        mine = merged.get(key)
        if key == "trigger":
            if isinstance(mine, dict):
                watches = str(mine.get("type")).lower() == "datastore"
                fitting = {k: v for k, v in value.items() if (k == "polling_interval") == watches}
                merged[key] = _under(fitting, mine)
        elif key == "create_job":
            if isinstance(mine, str):
                mine = {"job": mine}
            if isinstance(mine, dict):
                merged[key] = _under(value, mine)
        elif isinstance(value, dict) and isinstance(mine, dict):
            merged[key] = _under(value, mine)
        elif key not in merged:
            merged[key] = value
    return merged


def _under(defaults: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any]:
    """Like deep_merge, but null in a declaration is a value as any other."""
    merged = dict(defaults)
    for key, value in mine.items():
        default = merged.get(key)
        both = isinstance(value, dict) and isinstance(default, dict)
        merged[key] = _under(default, value) if both else value  # type: ignore[arg-type]
    return merged


def substitute(
    value: Any, variables: Mapping[str, Any], path: Path, findings: list[Finding]
) -> Any:
    """`value` with its variables filled in; unknown ones stay, and are findings."""
    if isinstance(value, str):
        return _fill(value, variables, path, findings) if "${{" in value else value
    if isinstance(value, dict):
        return {k: substitute(v, variables, (*path, k), findings) for k, v in value.items()}
    if isinstance(value, list):
        return [substitute(v, variables, (*path, i), findings) for i, v in enumerate(value)]
    if isinstance(value, Unset):
        findings.append(_unset(value, path))
        return f"${{{{ env.{value.variable} }}}}"
    return value


def _fill(text: str, variables: Mapping[str, Any], path: Path, findings: list[Finding]) -> Any:
    def value_of(match: re.Match[str]) -> Any:
        kind, name = match.groups()
        value = variables.get(name) if kind == "vars" else None
        if isinstance(value, Unset):
            findings.append(_unset(value, path))
        elif kind == "vars" and name in variables:
            return value
        else:
            findings.append(_unknown(kind, name, list(variables), path))
        return match[0]

    known = len(findings)
    whole = VARIABLE.fullmatch(text)
    if whole is not None:
        filled = value_of(whole)
    else:
        filled = VARIABLE.sub(lambda match: scalar_text(value_of(match)), text)
    if len(findings) == known and isinstance(filled, str) and VARIABLE.search(filled):
        hint = "variables are filled in once: write out the value in reconciler.yaml"
        findings.append(Finding("SCH031", path, "what is filled in here holds a variable", hint))
    return filled


def _unset(value: Unset, path: Path) -> Finding:
    return Finding(
        "SCH080",
        path,
        f"what stands here is not known: the environment variable {value.variable} is not set",
        "the schedule is not checked further here; a plan of the target needs it set",
    )


def _unknown(kind: str, name: str, known: list[str], path: Path) -> Finding:
    if kind == "env":
        return Finding(
            "SCH031",
            path,
            f"${{{{ env.{name} }}}} is not read here",
            "environment values are read in reconciler.yaml alone: set a variable there",
        )
    hint = nearest(name, known) or "variables are set in reconciler.yaml, for a target or for all"
    return Finding("SCH031", path, f'the variable "{name}" is not known', hint)
