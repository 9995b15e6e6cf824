"""No value runs: real bash is given hostile ones in generated commands, and nothing of them runs.

What `refusal` lets through is run by bash in a folder of its own, as another user where that can
be: a value that was evaluated leaves a file behind. Commands are ordinary ones and fragments of the
places in which bash evaluates, put together at random.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from reconciler.shell.binding import bind
from reconciler.workspace.execution.input_check import Held, refusal

VARIABLE = "RECONCILER_INPUT_x"
HOSTILE = [
    "a[$(touch -d@1 CANARY)]",
    "x[$(touch -d@1 CANARY)]",
    "a[`touch -d@1 CANARY`]",
    "RECONCILER_INPUT_x[$(touch -d@1 CANARY)]",
    "$(touch -d@1 CANARY)",
    "`touch -d@1 CANARY`",
    "x=a[$(touch -d@1 CANARY)]",
    "n[$(touch -d@1 CANARY)]=1",
    "[a[$(touch -d@1 CANARY)]]=1",
    "-v a[$(touch -d@1 CANARY)]",
    "-v",
    "-n",
    "-etouch -d@1 CANARY",
    "-Stouch -d@1 CANARY",
    "-ctouch -d@1 CANARY",
    "; touch -d@1 CANARY",
    "1 -a -v a[$(touch -d@1 CANARY)]",
    "${x@P}",
    "arr[$(touch -d@1 CANARY)]@P",
    "\\$(touch -d@1 CANARY)",
    "a'$(touch -d@1 CANARY)'",
    'a"; touch -d@1 CANARY; "',
    "s/a/b/e;1etouch -d@1 CANARY",
    'BEGIN{system("touch -d@1 CANARY")}',
    "() { touch -d@1 CANARY; }",
    "%n",
    "\ntouch -d@1 CANARY\n",
    "--checkpoint-action=exec=touch -d@1 CANARY",
]
HERE = Path(__file__).parent


def fragments(name: str) -> list[str]:
    """The commands of a file, one a line; X is where a value stands, \u23ce a line break."""
    lines = (HERE / name).read_text("utf-8").splitlines()
    return [line.replace("\u23ce", "\n") for line in lines]


GLUE = ["; ", "\n", " && ", " || ", " | ", " & wait; "]
FORMS = ["${{x}}", '"${{x}}"', "'${{x}}'", "a${{x}}", "$V", '"$V"', "${V}", "$RECONCILER_INPUT_x"]


def filled(fragment: str, form: str) -> str:
    """`fragment` with `form` at its X."""
    return re.sub("(?<![A-Z])X(?![A-Z])", lambda _: form, fragment)


def generated(random: random.Random) -> str:
    """A command of one to three fragments, in one of the compounds."""
    several = [
        random.choice(EVALUATING if random.random() < 0.6 else PLAINS)
        for _ in range(random.choice([1, 1, 2, 3]))
    ]
    several = [filled(one, random.choice(FORMS)) for one in several]
    text = several[0]
    for one in several[1:]:
        text += ("\n" if "<<" in text else random.choice(GLUE)) + one
    wrap = random.choice(
        ["{}", "{}", "{}", "if true; then\n{}\nfi", "(\n{}\n)", "outer() {{\n{}\n}}; outer"]
    )
    return wrap.format(text) if wrap != "{}" else text


EVALUATING, PLAINS = fragments("evaluating.txt"), fragments("plain.txt")


def scripts(count: int, seed: int) -> list[tuple[str, str]]:
    """Generated scripts, each with a hostile value that its step would take."""
    chance = random.Random(seed)
    found: list[tuple[str, str]] = []
    for _ in range(count):
        script = bind(generated(chance), lambda _: VARIABLE)
        value = chance.choice(HOSTILE)
        held = [Held(VARIABLE, value, "x"), Held("V", value, "V")]
        if refusal(script, held, ["PATH"]) is None:
            found.append((script, value))
    return found


def ran(folder: Path, script: str, value: str) -> bool:
    """Whether a canary came into being."""
    (folder / "out").mkdir()
    (folder / "f.txt").write_text("a\nb\n")
    (folder / "ok.py").write_text("import sys\n")
    folder.chmod(0o777)
    (folder / "out").chmod(0o777)
    with_rights = {} if os.getuid() else {"user": 65534, "group": 65534, "extra_groups": []}
    try:
        subprocess.run(
            ["/bin/bash", "-c", script],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", VARIABLE: value, "V": value},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=20,
            **with_rights,  # type: ignore[call-overload]
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"it does not end: {script!r}")
    # A file of that name may come of a value that is used as one; its time does not.
    return any(found.stat().st_mtime == 1 for found in folder.rglob("CANARY*"))


def check(count: int, seed: int, folder: Path) -> int:
    """How many were run; each ran nothing."""
    folder.chmod(0o755)
    for above in folder.parents:
        if above.is_relative_to("/tmp") and above != Path("/tmp"):
            above.chmod(0o755)
    taken = scripts(count, seed)
    for number, (script, value) in enumerate(taken):
        own = folder / str(number)
        own.mkdir()
        assert not ran(own, script, value), (script, value)
    return len(taken)


def test_no_value_runs(tmp_path: Path) -> None:
    assert check(1000, 1, tmp_path) > 50


@pytest.mark.torture
def test_no_value_of_many_runs(tmp_path: Path) -> None:
    assert check(60_000, 2, tmp_path) > 6_000


@pytest.mark.parametrize("fragment", EVALUATING)
def test_a_place_that_evaluates_takes_no_hostile_value(tmp_path: Path, fragment: str) -> None:
    """Each place by itself, with each value: refused, or harmless."""
    tmp_path.chmod(0o755)
    script = bind(filled(fragment, "${{x}}"), lambda _: VARIABLE)
    number = 0
    for value in HOSTILE[:4] if "X" in fragment else HOSTILE[:2]:
        held = [Held(VARIABLE, value, "x"), Held("V", value, "V")]
        if refusal(script, held, ["PATH"]) is None:
            own = tmp_path / str(number)
            own.mkdir()
            number += 1
            assert not ran(own, script, value), (script, value)


@pytest.mark.parametrize("fragment", PLAINS)
@pytest.mark.parametrize(
    "value", ["a path with spaces/a-b_c.csv", '{"a": [1, "$(x)"]}', "é ✓", "2026-01-01T00:00:00Z"]
)
def test_plain_places_take_anything(fragment: str, value: str) -> None:
    script = bind(filled(fragment, "${{x}}"), lambda _: VARIABLE)
    assert refusal(script, [Held(VARIABLE, value, "x")], ["PATH"]) is None
