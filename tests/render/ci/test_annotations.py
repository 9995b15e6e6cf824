"""What CI runners are given, read back by their own rules: no text of others is a command."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import documents as made
import pytest

from reconciler.model import Problem
from reconciler.render.ci.annotations import FORMATS, render_annotations
from reconciler.render.ci.remarks import remarks_on_plans, remarks_on_problems
from reconciler.render.formats import FORMATS as DOCUMENT_FORMATS
from reconciler.render.formats import render_document
from reconciler.render.plain_text import printable
from reconciler.render.problems import render_problems

GITHUB = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")
VSO = re.compile(r"##vso\[task\.logissue ((?:[^;\]]*;)*)\](.*)")


def properties(text: str, separator: str) -> dict[str, str]:
    pairs = (pair.split("=", 1) for pair in text.split(separator) if pair)
    return {name: unquote(content.replace("%AZP25", "%25")) for name, content in pairs}


def problem(text: str, severity: str = "error", line: int = 3) -> Problem:
    code = "SCH014" if severity == "error" else "SCH021"
    return Problem(code, severity, text, text, line, 7, 12, hint=text)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", made.HOSTILE)
def test_a_problem_is_one_command(name: str) -> None:
    text = made.HOSTILE[name]
    remarks = remarks_on_problems([problem(text)])
    for form in FORMATS:
        shown = render_annotations(remarks, form)
        assert all(line.isprintable() for line in shown.split("\n"))
    (line,) = render_annotations(remarks, "github").splitlines()
    found = GITHUB.fullmatch(line)
    assert found is not None
    said = properties(found[2], ",")
    assert (said["file"], said["line"], said["col"], said["endColumn"]) == (
        printable(text), "3", "7", "12",
    )  # fmt: skip
    assert unquote(found[3]) == f"{printable(text)}\n{printable(text)}"
    assert "##[" not in line
    (line,) = render_annotations(remarks, "azuredevops").splitlines()
    vso = VSO.fullmatch(line)
    assert vso is not None
    said = properties(vso[1], ";")
    assert (said["type"], said["sourcepath"], said["code"]) == ("error", printable(text), "SCH014")
    assert unquote(vso[2].replace("%AZP25", "%25")) == f"{printable(text)} ({printable(text)})"
    assert line.count("##vso[") == 1
    (issue,) = json.loads(render_annotations(remarks, "gitlab"))
    assert issue["location"] == {"path": printable(text), "lines": {"begin": 3}}
    assert issue["description"] == f"{printable(text)} ({printable(text)})"


def test_a_plan_is_remarked_on_at_its_declarations() -> None:
    shown = render_annotations(remarks_on_plans(made.sample()), "github").splitlines()
    found = [GITHUB.fullmatch(line) for line in shown[:4]]
    assert [
        one and (one[1], *properties(one[2], ",").values(), unquote(one[3])) for one in found
    ] == [
        (
            *("error", "reconciler.yaml", "1", "1", "plan-refused: the plan will not be applied"),
            "prod: it would disable 5 of 12 schedules (41.7 %), and limits.disable.percent is 30",
        ),
        (
            *("warning", "schedules/old-report.yaml", "3", "1"),
            "plan-disables: a schedule stops firing",
            "local/old-report will be disabled: not in the repository any more; "
            "fires 96 a day, then none",
        ),
        (
            *("warning", "schedules/theirs.yaml", "3", "1"),
            "plan-skips: a schedule is declared, but is not ours",
            'local/theirs is skipped: managed by "them"; --adopt theirs takes it over',
        ),
        (
            *("warning", "schedules/nightly-score.yaml", "3", "1"),
            "plan-fires: when it fires needs a look",
            "local/nightly-score: changing it now skips the fire of Mon 23 Nov 02:00",
        ),
    ]


def test_the_worst_comes_first() -> None:
    found = [problem("a", "warning", 1), problem("b", "error", 2), problem("c", "warning", 3)]
    lines = render_problems(found, "github").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::warning"]
    levels = [remark.level for remark in remarks_on_plans(made.sample())]
    assert levels[-1] == "warning"
    shown = render_annotations(remarks_on_plans(made.sample()), "azuredevops").splitlines()
    assert shown[-1] == (
        "note: schedules/refresh-features.yaml:3: local/refresh-features: create_job: "
        "environment and compute are ignored"
    )
    assert all(line.startswith("##vso[task.logissue type=") for line in shown[:-1])


def test_code_quality_has_a_fingerprint_for_each() -> None:
    twice = [problem("a"), problem("a"), problem("a", "warning")]
    issues = json.loads(render_problems(twice, "gitlab"))
    prints = [issue["fingerprint"] for issue in issues]
    assert len(set(prints)) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in prints)
    assert [issue["severity"] for issue in issues] == ["major", "major", "minor"]
    moved = json.loads(render_problems([problem("a", line=9)], "gitlab"))
    assert moved[0]["fingerprint"] == prints[0]
    assert render_problems([], "gitlab") == "[]\n"


def test_sarif_of_a_plan() -> None:
    log = json.loads(render_document(made.hostile(), "sarif"))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [
        "plan-disables", "plan-fires", "plan-note", "plan-refused", "plan-skips",
    ]  # fmt: skip
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (place,) = result["locations"]
        assert re.fullmatch(r"[\w.%/~-]*", place["physicalLocation"]["artifactLocation"]["uri"])


@pytest.mark.parametrize("form", DOCUMENT_FORMATS)
def test_no_format_of_a_plan_holds_a_command_of_others(form: str) -> None:
    shown = render_document(made.hostile(), form)
    for line in shown.split("\n"):
        ours = line.startswith("##vso[task.logissue type=") or GITHUB.fullmatch(line)
        rest = line[6:] if ours else line
        assert "##vso[" not in rest
        assert "##[" not in rest
        assert ours or not line.lstrip().startswith("::")
        assert line.isprintable()


def test_a_problem_in_text_is_no_command_either() -> None:
    found = Problem("SCH014", "error", "::error::x", "m", 1, 1, excerpt="##vso[x] ##[y]")
    shown = render_problems([found], "text")
    assert shown.startswith("\\u003a:error::x:1:1: error: m")
    assert "1 | # vso[x] # [y]" in shown
