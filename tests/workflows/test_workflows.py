"""The workflows that `init --ci github` writes, run as shell: see actions.py for how."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.forges import github
from helpers import invoke, write

from workflows.actions import Job
from workflows.throwaway import ThrowAway


@pytest.fixture
def there(tmp_path: Path) -> Iterator[ThrowAway]:
    """A repository whose three schedules are live."""
    with github.GitHub() as site:
        made = ThrowAway(tmp_path, site)
        invoke(made.work, "apply", "--yes")
        yield made


def open_pull(there: ThrowAway, number: int, name: str, hour: int) -> str:
    branch = f"change-{number}"
    there.branch(branch)
    there.change(name, hour)
    there.commit(f"Run {name} at {hour}")
    there.site.open_pull(number)
    return branch


def outcomes(job: Job) -> dict[str, str]:
    return {step.name: step.outcome for step in job.steps if "/" not in step.name}


def expression(there: ThrowAway, name: str) -> str:
    done = invoke(there.inside, "schedules", "show", name, "--format", "json")
    found: str = json.loads(done.out)["schedule"]["trigger"]["expression"]
    return found


def test_from_a_pull_request_to_an_empty_plan(there: ThrowAway) -> None:
    branch = open_pull(there, 1, "a", 5)
    jobs = there.pull_request(1, branch)
    assert (jobs["validate"].result, jobs["plan"].result) == ("success", "success"), jobs
    (first,) = there.comments(1)
    assert "1 to update, 2 unchanged" in first
    assert "0 5 * * *" in first
    assert "1 to update" in jobs["plan"].summary
    assert json.loads(there.artifacts["plan"])["format"] == "reconciler-plan"
    assert there.artifacts["plan.html"].startswith(b"<!doctype html>")
    assert expression(there, "a") == "0 2 * * *"

    there.change("a", 6)
    (there.work / "schedules/c.yaml").unlink()
    there.commit("Run a at 6, drop c")
    there.pull_request(1, branch)
    (second,) = there.comments(1)
    assert "1 to update, 1 to disable, 1 unchanged" in second

    job = there.push(there.merge(1, branch))["apply"]
    assert job.result == "success", job.log
    assert outcomes(job) == {
        "Sign in to Azure": "skipped",
        "Plan": "success",
        "Stop unless it was reviewed": "success",
        "Apply": "success",
        "See that nothing is left": "success",
    }
    assert "local: the plan is the one of pull request 1\n" in job.log
    assert expression(there, "a") == "0 6 * * *"
    assert invoke(there.work, "plan", "--exit-code").out.startswith("local: nothing to change")
    assert there.comments(1) == [second]  # what was reviewed stays as it was


def test_a_change_after_the_review_stops_the_apply(there: ThrowAway) -> None:
    branch = open_pull(there, 1, "a", 5)
    there.pull_request(1, branch)
    there.change("b", 7)
    there.commit("Slip something in")  # and no workflow has seen it
    job = there.push(there.merge(1, branch))["apply"]
    assert job.result == "failure"
    assert outcomes(job)["Stop unless it was reviewed"] == "failure"
    assert outcomes(job)["Apply"] == "skipped"
    assert "refused: local: the plan is not the one that pull request 1 shows" in job.log
    assert (expression(there, "a"), expression(there, "b")) == ("0 2 * * *", "0 2 * * *")

    by_hand = there.dispatch("apply", unreviewed=True)["apply"]
    assert by_hand.result == "success", by_hand.log
    assert outcomes(by_hand)["Stop unless it was reviewed"] == "skipped"
    assert (expression(there, "a"), expression(there, "b")) == ("0 5 * * *", "0 7 * * *")


@pytest.mark.torture
def test_a_live_change_after_the_review_stops_the_apply(there: ThrowAway) -> None:
    branch = open_pull(there, 1, "a", 5)
    there.pull_request(1, branch)
    sha = there.merge(1, branch)
    invoke(there.work, "schedules", "disable", "b")
    job = there.push(sha)["apply"]
    assert outcomes(job)["Apply"] == "skipped"
    assert "refused: local: the plan is not the one that pull request 1 shows" in job.log


def test_a_push_that_no_pull_request_brought_stops(there: ThrowAway) -> None:
    there.change("a", 5)
    job = there.push(there.commit("Straight to main"))["apply"]
    assert outcomes(job)["Apply"] == "skipped"
    assert (
        "refused: local: no merged pull request brought this commit: nobody reviewed it" in job.log
    )
    assert expression(there, "a") == "0 2 * * *"


@pytest.mark.torture
def test_another_pull_request_that_was_merged_first_changes_nothing(there: ThrowAway) -> None:
    """Each is applied on what the other has left, as both were shown."""
    one = open_pull(there, 1, "a", 5)
    there.pull_request(1, one)
    two = open_pull(there, 2, "b", 5)
    there.pull_request(2, two)
    assert there.push(there.merge(1, one))["apply"].result == "success"
    assert there.push(there.merge(2, two))["apply"].result == "success"
    assert (expression(there, "a"), expression(there, "b")) == ("0 5 * * *", "0 5 * * *")


@pytest.mark.parametrize(
    "how",
    [
        "squash",
        pytest.param("rebase", marks=pytest.mark.torture),
        pytest.param("merge", marks=pytest.mark.torture),
    ],
)
def test_a_queue_merges_two_as_one_group(there: ThrowAway, how: str) -> None:
    """One push for both; and it is validated before, for that is what the queue waits for."""
    one, two = open_pull(there, 1, "a", 5), open_pull(there, 2, "b", 6)
    there.git("checkout", "--quiet", one)
    there.pull_request(1, one)
    there.git("checkout", "--quiet", two)
    there.pull_request(2, two)
    calls = len(there.site.calls)
    if how == "squash":
        jobs = there.merge_group(one, two)
        assert (jobs["validate"].result, jobs["plan"].result) == ("success", "skipped")
        assert len(there.site.calls) == calls
    there.merge(1, one, how)
    job = there.push(there.merge(2, two, how))["apply"]
    assert job.result == "success", job.log
    assert "local: each of its changes is one of pull requests 1, 2\n" in job.log
    assert (expression(there, "a"), expression(there, "b")) == ("0 5 * * *", "0 6 * * *")


def test_a_folder_of_a_monorepo_has_workflows_of_its_own(tmp_path: Path) -> None:
    with github.GitHub() as site:
        there = ThrowAway(tmp_path, site, "ml")
        invoke(there.inside, "apply", "--yes")
        branch = open_pull(there, 1, "a", 5)
        jobs = there.pull_request(1, branch)
        assert (jobs["validate"].result, jobs["plan"].result) == ("success", "success"), jobs
        assert "1 to update, 2 unchanged" in there.comments(1)[0]
        assert json.loads(there.artifacts["plan"])["format"] == "reconciler-plan"
        assert there.push(there.merge(1, branch, "squash"))["apply"].result == "success"
        assert expression(there, "a") == "0 5 * * *"


def test_a_fork_is_validated_and_not_planned(there: ThrowAway) -> None:
    branch = open_pull(there, 1, "a", 5)
    jobs = there.pull_request(1, branch, fork="mallory/schedules")
    assert (jobs["validate"].result, jobs["plan"].result) == ("success", "skipped")
    assert there.site.calls == []
    for environment in there.environments:
        assert github.TOKEN not in environment.values()


def test_what_is_wrong_is_shown_at_its_line(there: ThrowAway) -> None:
    branch = open_pull(there, 1, "a", 5)
    write(there.work, {"schedules/b.yaml": "name: [\n"})
    there.commit("Break b")
    jobs = there.pull_request(1, branch)
    assert (jobs["validate"].result, jobs["plan"].result) == ("failure", "skipped")
    assert "::error file=schedules/b.yaml,line=" in jobs["validate"].log
    assert there.comments(1) == []


def test_a_plan_that_apply_would_refuse_is_shown(there: ThrowAway) -> None:
    branch = open_pull(there, 1, "a", 5)
    for name in "abc":
        (there.work / f"schedules/{name}.yaml").unlink()
    there.commit("Remove everything")
    job = there.pull_request(1, branch)["plan"]
    assert job.result == "failure"
    assert outcomes(job)["Comment"] == "success"
    assert "Refused" in there.comments(1)[0]
    job = there.push(there.merge(1, branch))["apply"]
    assert outcomes(job)["Plan"] == "failure"
    assert outcomes(job)["Apply"] == "skipped"


def test_a_plan_that_the_branch_brings_is_not_shown(there: ThrowAway) -> None:
    """It would say what its author likes, in our name, where planning fails."""
    branch = open_pull(there, 1, "a", 5)
    invoke(there.work, "plan", "--out", "plan.json")
    config = there.work / "reconciler.yaml"
    far = "{provider: azureml, subscription_id: '${{ env.RECONCILER_TEST_NOT_SET }}', "
    far += "resource_group: ml, workspace: vision, command_jobs: wrapped}"
    config.write_text(config.read_text().replace("targets:\n", f"targets:\n  far: {far}\n"))
    there.commit("Bring a plan")
    jobs = there.pull_request(1, branch)
    assert (jobs["validate"].result, outcomes(jobs["plan"])["Plan"]) == ("success", "failure")
    assert outcomes(jobs["plan"])["Comment"] == "skipped"
    assert there.comments(1) == []


def test_drift_has_one_issue(there: ThrowAway) -> None:
    invoke(there.work, "schedules", "disable", "b")
    assert there.dispatch("drift")["drift"].result == "success"
    (issue,) = there.site.issues.values()
    assert (issue.state, issue.labels) == ("open", ["schedule-drift"])
    assert "1 to update" in issue.body
    there.dispatch("apply", unreviewed=True)
    there.dispatch("drift")
    assert there.site.issues[issue.number].state == "closed"
