"""A document against a JSON schema -> Findings.

jsonschema-rs answers whether there is anything to say, in microseconds; only then does jsonschema
find out what, and each error is put into words here. `x-expected` in a schema finishes "must be
..."; `x-problem` gives an error a code of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from reconciler.declare.findings import Finding, Path, kind_of
from reconciler.schemas import schema
from reconciler.secrets import is_secret

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}
# What people write for what is meant; the nearest spelling alone would not find these.
_MEANT = {
    "timezone": "time_zone",
    "tz": "time_zone",
    "pattern": "schedule",
    "cron": "expression",
    "cron_expression": "expression",
    "starttime": "start_time",
    "endtime": "end_time",
    "enabled": "is_enabled",
    "disabled": "is_enabled",
    "weekdays": "week_days",
    "days": "week_days",
    "monthdays": "month_days",
    "parameters": "inputs",
    "experiment": "experiment_name",
    "pipeline": "job",
    "file": "job",
    "datastore_name": "datastore",
    "path": "path_on_datastore",
    "target": "targets",
    "action": "create_job",
    "recurrence": "trigger",
    "env": "environment_variables",
}


def schema_findings(document: Any, name: str) -> list[Finding]:
    """What is wrong with `document` by the schema of that name; mostly nothing."""
    if _fast(name).is_valid(document):
        return []
    return list(_word_all(document, name))


@cache
def _fast(name: str) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema(name))


@cache
def _exact(name: str) -> jsonschema.Draft202012Validator:
    import jsonschema

    return jsonschema.Draft202012Validator(schema(name))


def _word_all(document: Any, name: str) -> Iterator[Finding]:
    errors = list(_exact(name).iter_errors(document))
    # A mapping whose type is wrong has no known keys: only the type is worth saying.
    untyped = {
        (*e.absolute_path, "type") if e.validator == "required" else tuple(e.absolute_path)
        for e in errors
        if e.validator in ("anyOf", "enum", "type", "required")
    }
    said: set[tuple[str, Path, str]] = set()
    for error in errors:
        path: Path = tuple(error.absolute_path)
        if error.validator == "unevaluatedProperties" and (*path, "type") in untyped:
            continue
        for finding in _word(error, path, name):
            identity = (finding.code, finding.path, finding.message)
            if identity not in said:
                said.add(identity)
                yield finding


def _word(error: Any, path: Path, name: str) -> Iterator[Finding]:
    rule = error.schema if isinstance(error.schema, Mapping) else {}
    code = "CFG001" if name == "config" else rule.get("x-problem", "SCH010")
    subject = f'"{path[-1]}"' if path and isinstance(path[-1], str) else "this"
    if not path:
        subject = "the document"
    match error.validator:
        case "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            for key in missing:
                yield Finding(
                    code, path, f'"{key}" is missing', _near_miss(key, error.instance), "key"
                )
        case "unevaluatedProperties" | "additionalProperties":
            yield from _unknown_keys(error, path, name)
        case "propertyNames":
            yield Finding(code, path, "a name here is not allowed", None, "key")
        case "minItems" | "minProperties" | "minLength":
            yield Finding(code, path, f"{subject} must not be empty")
        case "uniqueItems":
            yield Finding(code, path, f"{subject} holds a value twice")
        case _:
            yield Finding(
                code,
                path,
                f"{subject} must be {_expected(error, rule)}, not {_shown(error.instance, path)}",
                _choice_hint(error.instance, rule),
            )


def _near_miss(missing: str, instance: Any) -> str | None:
    """A hint for a missing key, if one that means it is there under another name."""
    for key in instance:
        if isinstance(key, str) and _MEANT.get(key.lower()) == missing:
            return f'rename "{key}" to "{missing}"'
    close = get_close_matches(missing, [k for k in instance if isinstance(k, str)], 1, 0.8)
    return f'rename "{close[0]}" to "{missing}"' if close else None


def _unknown_keys(error: Any, path: Path, name: str) -> Iterator[Finding]:
    known = _known_keys(error.schema, error.instance, name)
    for key in error.instance:
        if key not in known:
            code = "CFG001" if name == "config" else "SCH011"
            yield Finding(
                code,
                (*path, key),
                f'"{_clip(key)}" is not known here',
                _did_you_mean(key, known),
                "key",
            )


def _known_keys(rule: Any, instance: Any, name: str) -> set[str]:
    """The keys that a schema allows for this instance, through $ref, allOf and if."""
    if not isinstance(rule, Mapping):
        return set()
    known = set(rule.get("properties", ()))
    if "$ref" in rule:
        target = schema(name)["$defs"][rule["$ref"].rpartition("/")[2]]
        known |= _known_keys(target, instance, name)
    for part in rule.get("allOf", ()):
        known |= _known_keys(part, instance, name)
    if "if" in rule:
        holds = _exact(name).evolve(schema=rule["if"]).is_valid(instance)
        known |= _known_keys(rule.get("then" if holds else "else"), instance, name)
    return known


def _did_you_mean(key: str, known: set[str]) -> str | None:
    meant = _MEANT.get(key.lower())
    if meant in known:
        return f'did you mean "{meant}"?'
    close = get_close_matches(key.lower(), sorted(known), 1, 0.7)
    if close:
        return f'did you mean "{close[0]}"?'
    if key == "type" and "trigger" in known:
        return "the type of a trigger stands under trigger"
    return None


def _expected(error: Any, rule: Mapping[str, Any]) -> str:
    if "x-expected" in rule:
        return str(rule["x-expected"])
    match error.validator:
        case "type":
            wanted = error.validator_value
            words = [_TYPES[w] for w in ([wanted] if isinstance(wanted, str) else wanted)]
            if "a number" in words and "a whole number" in words:
                words.remove("a whole number")
            return _or(words)
        case "enum":
            return _or([str(value) for value in error.validator_value])
        case "const":
            return str(error.validator_value)
        case "minimum" | "exclusiveMinimum":
            return f"at least {error.validator_value}"
        case "maximum":
            return f"at most {error.validator_value}"
        case "pattern" if rule.get("x-problem") == "SCH025":
            return "1 to 255 letters, digits, - and _, and start with a letter or digit"
        case _:
            return "as its description says"


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _choice_hint(value: Any, rule: Mapping[str, Any]) -> str | None:
    choices = [c for part in rule.get("anyOf", ()) for c in part.get("enum", ())]
    choices += rule.get("enum", ())
    if not isinstance(value, str) or not choices:
        return None
    close = get_close_matches(value.lower(), [str(c) for c in choices], 1, 0.6)
    return f'did you mean "{close[0]}"?' if close else None


def _shown(value: Any, path: Path) -> str:
    """A value in an error: short, printable, and masked where its key looks secret."""
    if any(isinstance(part, str) and is_secret(part) for part in path):
        return kind_of(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{_clip(value)}"' if value else 'empty ("")'
    if isinstance(value, int | float):
        return str(value)
    return kind_of(value)


def _clip(text: str) -> str:
    clean = re.sub(
        r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(text)
    )
    return clean[:60] + ("..." if len(clean) > 60 else "")
