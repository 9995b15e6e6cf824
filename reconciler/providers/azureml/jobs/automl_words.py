"""The words of an AutoML step as Azure's client sends them: algorithms, metrics, modes. Pure.

People write them as the service does (`LightGBM`) or as the client does (`light_gbm`), and it sends
them in the second way: azure-ai-ml 1.35, `camel_to_snake` in `_schema/automl`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Change = Callable[[Any], Any]
_WORD = re.compile(r"(?<=.)(?=[A-Z][a-z]+)|(?<=[a-z0-9])(?=[A-Z])")


def in_words_of_azure(step: Mapping[str, Any]) -> dict[str, Any]:
    """The step, with each word in the way in which it is sent."""
    found = _changed(step, _STEP)
    task = str(found.get("task"))
    if task in _WITH_TRAINING:
        found.setdefault("training", {})
    if task.startswith("image_"):
        found.setdefault("limits", {})
    if task in _METRICS:
        found.setdefault("primary_metric", _METRICS[task])
    return found


def snake(value: Any) -> Any:
    """`LightGBM` is `light_gbm`."""
    if isinstance(value, list):
        return [snake(one) for one in value]
    if not isinstance(value, str) or "${{" in value:
        return value
    return re.sub("_+", "_", _WORD.sub("_", value)).lower()


def lower(value: Any) -> Any:
    """In lower case, unless it is a binding."""
    return value.lower() if isinstance(value, str) and "${{" not in value else value


def _as_text(value: Any) -> Any:
    """Of names of columns: a list is text, as Python writes it."""
    return str(value) if isinstance(value, list) else value


def _keys(value: Any) -> Any:
    return {snake(key): one for key, one in value.items()} if isinstance(value, Mapping) else value


def _each(changes: Mapping[str, Change]) -> Change:
    def change(value: Any) -> Any:
        return _changed(value, changes) if isinstance(value, Mapping) else value

    return change


def _changed(given: Mapping[str, Any], changes: Mapping[str, Change]) -> dict[str, Any]:
    return {key: changes[key](one) if key in changes else one for key, one in given.items()}


_WITH_TRAINING = ("classification", "regression", "forecasting")
_METRICS = {
    "classification": "accuracy",
    "regression": "normalized_root_mean_squared_error",
    "forecasting": "normalized_root_mean_squared_error",
    "image_classification": "accuracy",
    "image_classification_multilabel": "iou",
    "image_object_detection": "mean_average_precision",
    "image_instance_segmentation": "mean_average_precision",
    "text_classification_multilabel": "accuracy",
    "text_classification": "accuracy",
}
"""What is measured where a step does not say it."""
_STEP: Mapping[str, Change] = {
    "task": snake,
    "primary_metric": snake,
    "log_verbosity": snake,
    "featurization": _each(
        {"mode": lower, "blocked_transformers": snake, "transformer_params": _keys}
    ),
    "training": _each(
        {
            "allowed_training_algorithms": snake,
            "blocked_training_algorithms": snake,
            "training_mode": snake,
            "stack_ensemble_settings": _each({"stack_meta_learner_type": snake}),
        }
    ),
    "forecasting": _each(
        {
            "time_series_id_column_names": _as_text,
            "features_unknown_at_forecast_time": _as_text,
            "feature_lags": lower,
            "short_series_handling_config": lower,
            "use_stl": lower,
            "target_aggregate_function": lower,
            "forecast_horizon": lower,
            "target_lags": lower,
            "target_rolling_window_size": lower,
            "seasonality": lower,
        }
    ),
    "n_cross_validations": lower,
    "training_parameters": _each(
        {
            "learning_rate_scheduler": snake,
            "optimizer": snake,
            "model_size": snake,
            "validation_metric_type": snake,
        }
    ),
    "sweep": _each({"sampling_algorithm": snake}),
    "queue_settings": _each({"job_tier": lower, "priority": lower}),
}
