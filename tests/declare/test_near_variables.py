"""What is meant as a variable and spelled otherwise is warned of; Azure's own macros are not."""

from __future__ import annotations

import pytest

from reconciler.declare.near_variables import may_have_near_misses, near_misses


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("${{ var.period }}", "write ${{ vars.period }}, in a schedule"),
        ("a ${{variables.period}} b", "write ${{ vars.period }}"),
        ("${{ Vars.period }}", "write ${{ vars.period }}"),
        ("${{ vars['period'] }}", "write ${{ vars.period }}"),
        ("${{ vars .period }}", "write ${{ vars.period }}"),
        ("${{ ENV.HOME }}", "environment values are read in reconciler.yaml alone"),
    ],
)
def test_a_near_miss(text: str, hint: str) -> None:
    assert may_have_near_misses(text.encode())
    [found] = near_misses({"inputs": [{"a": text}, 1]})
    assert (found.code, found.path) == ("SCH079", ("inputs", 0, "a"))
    assert '}}" is no variable: it is sent as it stands' in found.message
    assert found.hint is not None
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(
    "text",
    [
        "${{ vars.period }}",
        "${{ env.HOME }}",
        "${{creation_context.trigger_time}}",
        "${{parent.inputs.variables}}",
        "${{inputs.var}}",
        "$ {{ var.x }}",
        "variables.period",
    ],
)
def test_what_is_meant_as_it_stands(text: str) -> None:
    assert list(near_misses(text)) == []
