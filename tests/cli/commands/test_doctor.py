"""`reconciler doctor`: what is well, what is not, and what to do."""

from __future__ import annotations

import json
from pathlib import Path

from declare.reading.test_absent import git
from helpers import CONFIG, invoke, repository, write


def found(repo: Path, *arguments: str, code: int = 0) -> dict[str, list[tuple[str, str]]]:
    document = json.loads(invoke(repo, "doctor", "--format", "json", *arguments, code=code).out)
    by: dict[str, list[tuple[str, str]]] = {}
    for one in document["checks"]:
        by.setdefault(one["about"], []).append((one["verdict"], one["found"]))
    return by


def test_what_is_well_and_what_to_do(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a", "b")
    git(repo, "init", "--quiet")
    before = found(repo)
    assert before["python"][0][0] == "well"
    assert before["declarations"] == [("well", "2 schedules in 3 files")]
    assert ("look", f"{repo}/workspace.db is not there yet") in before["local"]
    assert not (repo / "workspace.db").exists()  # it changes nothing
    invoke(repo, "apply", "--yes")
    after = found(repo)["local"]
    assert ("well", "answers: 2 schedules live, 2 ours") in after
    assert ("look", "nobody runs it: nothing fires") in after
    text = invoke(repo, "doctor").out
    assert "hint: `reconciler serve`\n" in text
    assert text.splitlines()[-1].endswith("things to look at")


def test_what_is_broken(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    far = "  far: {provider: azureml, endpoint: 'http://127.0.0.1:9', subscription_id: s,"
    write(repo, {"reconciler.yaml": CONFIG + far + " resource_group: g, workspace: w}\n"})
    write(repo, {"schedules/b.yaml": "name: ["})
    done = found(repo, "--target", "all", code=1)
    assert done["declarations"][0][0] == "broken"
    assert done["far"][0][0] == "broken"
    assert done["local"][0][0] == "well"  # one target that is down hides no other
    away = "  away: {provider: local, workspace: '${{ env.NOT_SET_HERE }}'}\n"
    write(repo, {"reconciler.yaml": CONFIG + away})
    [(verdict, said)] = found(repo, "--target", "away", code=1)["away"]
    assert verdict == "broken"
    assert said.endswith("the environment variable NOT_SET_HERE is not set")
    assert "reconciler.yaml:" in said
    write(repo, {"reconciler.yaml": "owner: ["})
    assert found(repo, code=1)["configuration"][0][0] == "broken"
