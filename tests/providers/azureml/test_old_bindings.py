"""Bindings of an old form are not sent: Azure's client refuses them, with these words or others."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.providers.azureml.jobs.assets import Unsendable
from reconciler.providers.azureml.jobs.terms.bindings import of_now
from reconciler.providers.azureml.jobs.terms.data import step_output


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("${{inputs.x}}", "${{parent.inputs.x}}"),
        ("${{jobs.a.outputs.y}}", "${{parent.jobs.a.outputs.y}}"),
        ("${{outputs.y}}", "${{parent.outputs.y}}"),
        ("${{parent.outputs.y}}", "${{parent.outputs.y}}"),
        ("a ${{inputs.x}}", "a ${{inputs.x}}"),
        ("${{name}}", "${{name}}"),
    ],
)
@pytest.mark.parametrize("as_path", [False, True])
def test_old_forms(text: str, now: str, as_path: bool) -> None:
    assert of_now(text) == now
    value: Any = {"path": text} if as_path else text
    if now == text:
        assert step_output(value, None) is not None
        return
    with pytest.raises(Unsendable, match="is of an old form") as caught:
        step_output(value, None)
    assert caught.value.hint == f'write "{now}"'
