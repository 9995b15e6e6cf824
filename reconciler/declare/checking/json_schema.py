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
from itertools import islice
from typing import TYPE_CHECKING, Any

from reconciler.declare.findings import Finding, Path, any_of, clip, kind_of
from reconciler.masking import is_secret
from reconciler.schemas import schema

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

MOST_ERRORS = 100
"""Of one document that are put into words: nobody reads more, and each takes its time."""
_MOST_GUESSES = 20
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
    "timeout": "limits",
}

# What other schedulers have, and nothing here stands for.
_ABSENT = {
    **dict.fromkeys(
        ("retries", "retry", "max_retries", "retry_policy", "retry_settings"),
        "a schedule has none: a run that fails is not started again by itself",
    ),
    **dict.fromkeys(
        ("catchup", "backfill"), "fires of the past are for `reconciler backfill` to run"
    ),
}
_ABSENT_IN_JOBS = {
    **dict.fromkeys(
        ("retries", "retry", "max_retries", "retry_policy", "retry_settings"),
        "neither a job nor a step has one: a run that fails is not started again by itself",
    ),
    **dict.fromkeys(
        ("depends_on", "dependencies", "needs", "after", "upstream"),
        "a step waits for those whose outputs are its inputs: ${{parent.jobs.STEP.outputs.NAME}}",
    ),
}
_PLAIN = re.compile(r"[A-Za-z0-9_./-]{1,40}")
"""What stands in a list of YAML as it is."""
_YES_OR_NO = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}
"""What YAML 1.1 took for true and false, and YAML 1.2 takes for text."""

# Keys of one type of trigger, met in another.
_TYPE_OF = {
    "frequency": "recurrence",
    "interval": "recurrence",
    "schedule": "recurrence",
    "expression": "cron",
    "start_time": "recurrence or cron",
    "end_time": "recurrence or cron",
    "time_zone": "recurrence or cron",
}
# Where a key that is one level off belongs.
_UNDER = {
    **dict.fromkeys((*_TYPE_OF, "type"), ("trigger",)),
    **dict.fromkeys(
        ("hours", "minutes", "time_of_day", "week_days", "month_days"), ("schedule", "trigger")
    ),
    **dict.fromkeys(
        ("job", "inputs", "outputs", "settings", "experiment_name", "compute"), ("create_job",)
    ),
    "continue_on_step_failure": ("settings", "create_job"),
}


IDENTITY = "it stands at the top of the job, beside settings"
"""Where people look for it in vain."""
_OWN_FILE = "a whole {} stands in a file of its own: put it there, and write job: ./FILE.yml"


def schema_findings(document: Any, name: str) -> list[Finding]:
    """What is wrong with `document` by the schema of that name; mostly nothing."""
    if _fast(name).is_valid(document):
        return []
    return _word_all(document, name)


def is_part_valid(document: Any, name: str, part: str) -> bool:
    """Whether `document` is what the schema of that name defines as `part`."""
    return _fast_part(name, part).is_valid(document)


@cache
def _fast_part(name: str, part: str) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    whole = {"$ref": f"#/$defs/{part}", "$defs": schema(name)["$defs"]}
    return jsonschema_rs.Draft202012Validator(whole)


@cache
def _fast(name: str) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema(name))


@cache
def _exact(name: str) -> jsonschema.Draft202012Validator:
    import jsonschema

    def pattern(_: Any, wanted: str, instance: Any, rule: Any) -> Iterator[Any]:
        # The $ of Python's re also matches before a line break at the end; a schema's does not.
        if isinstance(instance, str) and not re.search(wanted.removesuffix("$") + r"\Z", instance):
            yield jsonschema.ValidationError(f"{instance!r} does not match {wanted!r}")

    extend: Any = jsonschema.validators.extend
    checker = extend(jsonschema.Draft202012Validator, {"pattern": pattern})
    made: jsonschema.Draft202012Validator = checker(schema(name))
    return made


def _word_all(document: Any, name: str) -> list[Finding]:
    errors = list(islice(_exact(name).iter_errors(document), MOST_ERRORS))
    # A mapping whose type is wrong has no known keys: only the type is worth saying.
    untyped = {
        (*e.absolute_path, "type") if e.validator == "required" else tuple(e.absolute_path)
        for e in errors
        if e.validator in ("anyOf", "enum", "type")
        or (e.validator == "required" and "type" in {*e.validator_value} - {*e.instance})
    }
    findings: dict[Finding, None] = {}  # a dict keeps the order, a set would not
    renamed: set[Path] = set()
    for error in sorted(errors, key=lambda error: error.validator != "required"):
        path: Path = tuple(error.absolute_path)
        found: list[Finding] = []
        if error.validator == "required":
            found += _missing_keys(error, path, name)
            renamed |= {finding.path for finding in found}
        elif error.validator != "unevaluatedProperties":
            found.append(_wrong_value(error, path, name))
        elif (*path, "type") not in untyped:
            found += (f for f in _unknown_keys(error, path, name) if f.path not in renamed)
        findings.update(dict.fromkeys(found))
    if len(errors) == MOST_ERRORS:
        code = "CFG001" if name == "config" else "SCH010"
        message = f"only the first {MOST_ERRORS} problems of this document are listed"
        findings[Finding(code, (), message)] = None
    return list(findings)


def _code(error: Any, name: str) -> str:
    return "CFG001" if name == "config" else str(error.schema.get("x-problem", "SCH010"))


def _wrong_value(error: Any, path: Path, name: str) -> Finding:
    rule: Mapping[str, Any] = error.schema
    code = _code(error, name)
    expected = _expected(error, rule)
    if "propertyNames" in error.schema_path:
        message = f'the name "{clip(error.instance)}" is not allowed'
        return Finding(code, (*path, error.instance), message, f"a name is {expected}", "key")
    key = clip(next(part for part in reversed(path) if isinstance(part, str)))
    subject = f'an item of "{key}"' if isinstance(path[-1], int) else f'"{key}"'
    if error.validator in ("minItems", "minProperties", "minLength"):
        return Finding(code, path, f"{subject} must not be empty")
    if error.validator == "uniqueItems":
        return Finding(code, path, f"{subject} holds a value twice")
    shown = _shown(error.instance, path)
    message = f"{subject} must be {expected}"
    if not expected.startswith(shown):
        message += f", not {shown}"
    return Finding(code, path, message, _value_hint(error, rule))


def _missing_keys(error: Any, path: Path, name: str) -> Iterator[Finding]:
    rule, instance = error.schema, error.instance
    for key in error.validator_value:
        if key in instance:
            continue
        near = _near_miss(key, instance)
        where, hint = ((*path, near), f'rename "{clip(near)}" to "{key}"') if near else (path, None)
        inline = {"jobs": "pipeline", "command": "job"} if key == "job" else {}
        for sign in inline.keys() & instance.keys():
            where, hint = (*path, sign), _OWN_FILE.format(inline[sign])
        expected = _resolve(rule.get("properties", {}).get(key, {}), name).get("x-expected")
        if hint is None and expected is not None:
            hint = f'"{key}" is {expected}'
        yield Finding(_code(error, name), where, f'"{key}" is missing', hint, "key")


def _near_miss(missing: str, instance: Mapping[str, Any]) -> str | None:
    """A key that means the missing one, under another name."""
    for key in instance:
        if _MEANT.get(key.lower()) == missing:
            return key
    close = get_close_matches(missing, list(instance), 1, 0.8)
    # Of a short key, two letters that changed places are too far for that.
    swapped = [key for key in instance if sorted(key) == sorted(missing)]
    return next(iter(close or swapped), None)


def _unknown_keys(error: Any, path: Path, name: str) -> Iterator[Finding]:
    known = _known_keys(error.schema, error.instance, name)
    code = "CFG001" if name == "config" else "SCH011"
    unknown = [key for key in error.instance if key not in known]
    for number, key in enumerate(unknown[:MOST_ERRORS]):
        hint = _did_you_mean(key, known, path) if number < _MOST_GUESSES else None
        yield Finding(code, (*path, key), f'"{clip(key)}" is not known here', hint, "key")
    if len(unknown) > MOST_ERRORS:
        message = f"{len(unknown) - MOST_ERRORS:,} more keys are not known here"
        yield Finding(code, path, message, None, "key")


def _resolve(rule: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    if "$ref" not in rule:
        return rule
    target: Mapping[str, Any] = schema(name)["$defs"][rule["$ref"].rpartition("/")[2]]
    return target


def _known_keys(rule: Mapping[str, Any], instance: Any, name: str) -> set[str]:
    """The keys that a schema allows for this instance, through $ref, allOf and if."""
    known = set(rule.get("properties", ()))
    if "$ref" in rule:
        known |= _known_keys(_resolve(rule, name), instance, name)
    for part in rule.get("allOf", ()):
        known |= _known_keys(part, instance, name)
    if "if" in rule:
        holds = _exact(name).evolve(schema=rule["if"]).is_valid(instance)
        known |= _known_keys(rule.get("then" if holds else "else", {}), instance, name)
    return known


def _did_you_mean(key: str, known: set[str], path: Path) -> str | None:
    if key == "schedule" and "jobs" in known:
        return "it fires nothing any more: write a schedule file, with trigger and create_job"
    if not known.isdisjoint(("create_job", "job")) and key.lower() in _ABSENT:
        return _ABSENT[key.lower()]
    in_job = "jobs" in path[:-1] or not known.isdisjoint(("jobs", "command"))
    if in_job and key.lower() in _ABSENT_IN_JOBS:
        return _ABSENT_IN_JOBS[key.lower()]
    meant = _MEANT.get(key.lower())
    if meant in known:
        return f'did you mean "{meant}"?'
    if path[-1:] == ("trigger",) and key in _TYPE_OF:
        return f"it goes with the trigger's type {_TYPE_OF[key]}"
    close = get_close_matches(key.lower(), sorted(known), 1, 0.7)
    if close:
        return f'did you mean "{close[0]}"?'
    return next((f"it stands under {p}" for p in _UNDER.get(key, ()) if p in known), None)


def _expected(error: Any, rule: Mapping[str, Any]) -> str:
    if "x-expected" in rule:
        return str(rule["x-expected"])
    match error.validator:
        case "type":
            wanted = error.validator_value
            words = [_TYPES[w] for w in ([wanted] if isinstance(wanted, str) else wanted)]
            if "a number" in words and "a whole number" in words:
                words.remove("a whole number")
            return any_of(words)
        case "enum":
            return any_of([str(value) for value in error.validator_value])
        case "minimum":
            return f"at least {error.validator_value}"
        case "exclusiveMinimum":
            return f"more than {error.validator_value}"
        case "maximum":
            return f"at most {error.validator_value}"
        case "pattern" if rule.get("x-problem") == "SCH025":
            return "1 to 255 letters, digits, - and _, and start with a letter or digit"
        case _:
            return "as its description says"


def _value_hint(error: Any, rule: Mapping[str, Any]) -> str | None:
    value = error.instance
    if isinstance(value, dict) and error.absolute_path[-1] == "code":
        return "write the path alone"
    if error.validator == "type" and isinstance(value, int | float):
        quotable = error.validator_value == "string" and "x-expected" not in rule
        return "put it in quotes" if quotable else None
    if not isinstance(value, str):
        return None
    if "${{" in value and "env." in value:
        return "environment values are read in reconciler.yaml alone: set a variable there"
    if error.validator == "type" and error.validator_value == "array":
        shown = _shown(value, tuple(error.absolute_path)) == f'"{value}"'
        return f"write [{value}]" if shown and _PLAIN.fullmatch(value) else None
    if value.lower() in _YES_OR_NO and rule.get("x-expected") == "true or false":
        return f"write {_YES_OR_NO[value.lower()]}: in YAML 1.2, {value} is text"
    choices = [c for part in (*rule.get("anyOf", ()), rule) for c in part.get("enum", ())]
    close = get_close_matches(value.lower(), [str(c) for c in choices], 1, 0.6)
    return f'did you mean "{close[0]}"?' if close else None


def _shown(value: Any, path: Path) -> str:
    """A value in an error: short, printable, and masked where its key looks secret."""
    if any(isinstance(part, str) and is_secret(part) for part in path):
        return kind_of(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{clip(value)}"' if value else 'empty ("")'
    if isinstance(value, int | float):
        return str(value)
    return kind_of(value)
