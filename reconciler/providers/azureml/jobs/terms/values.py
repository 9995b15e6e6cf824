"""Numbers, switches and words of a step or a component, each of the type it is sent with. Pure.

A file may have `instance_count: "2"`, `slack_factor: 1`, `goal: Maximize`: Azure's client reads
each by the type of its member, and so does the table (`types`). Else it stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.providers.azureml.jobs.terms.bindings import is_expression
from reconciler.providers.azureml.rules import words

_SECTIONS = (
    *("limits", "resources", "distribution", "services", "retry_settings", "early_termination"),
    *("sampling_algorithm", "training", "training_parameters", "forecasting", "sweep"),
)
_OWN = (
    *("error_threshold", "mini_batch_error_threshold", "max_concurrency_per_instance"),
    *("validation_data_size", "test_data_size", "n_cross_validations"),
)
_FREE = ("properties", "env")
"""Members whose own members people name."""
_TRUE, _FALSE = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")


def typed(unit: Mapping[str, Any]) -> dict[str, Any]:
    """A step, or a component's document, with each of its values in its type."""
    found = dict(unit)
    for key in _SECTIONS:
        if key in found:
            found[key] = _in(found[key])
    for key in _OWN:
        if key in found:
            found[key] = _value(key, found[key])
    if "sampling_algorithm" in found:
        found["sampling_algorithm"] = _small(found["sampling_algorithm"], ("type", "rule"))
    if "search_space" in found and isinstance(found["search_space"], Mapping):
        found["search_space"] = {k: _bounds(v) for k, v in found["search_space"].items()}
    for section, keys in (("objective", ("goal",)), ("task", ("type",))):
        if isinstance(found.get(section), Mapping):
            found[section] = _small(found[section], keys)
    return found


def typed_space(key: str, given: Any) -> Any:
    """Where the parameter `key` of AutoML is looked for: a value, or values to choose from."""
    if isinstance(given, Mapping):
        return {k: _value(key, v) if k == "values" else v for k, v in given.items()}
    return _value(key, given)


def _in(section: Any) -> Any:
    if not isinstance(section, Mapping):
        return section
    return {
        key: value
        if key in _FREE
        else _in(value)
        if isinstance(value, Mapping)
        else _value(key, value)
        for key, value in section.items()
    }


def _value(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_value(key, one) for one in value]
    if not isinstance(value, (str, int, float)) or is_expression(value):
        return value
    kinds = words()["types"]
    try:
        if key in kinds["integers"] and not isinstance(value, bool):
            return int(value)
        if key in kinds["decimals"] and not isinstance(value, bool):
            return float(value)
    except (ValueError, OverflowError):
        return value
    if key in kinds["switches"] and not isinstance(value, bool):
        text = str(value).lower()
        return True if text in _TRUE else False if text in _FALSE else value
    return value


def _bounds(given: Any) -> Any:
    """Where a sweep looks: bounds that are written as text are numbers."""
    if not isinstance(given, Mapping):
        return given
    return {
        key: _value("slack_factor", value) if key != "type" and isinstance(value, str) else value
        for key, value in given.items()
    }


def _small(value: Any, keys: tuple[str, ...]) -> Any:
    """A word, or those of a mapping at these keys, in lower case."""
    if isinstance(value, Mapping):
        return {
            k: _small(v, ()) if k in keys and isinstance(v, str) else v for k, v in value.items()
        }
    return value.lower() if isinstance(value, str) and not is_expression(value) else value
