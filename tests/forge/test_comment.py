"""`comment` and `reviewed`, on each forge: what is written, found again, believed and refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import CONFIG, declaration, invoke, repository, write

from forge.jobs import SHA, command, job, no_token_in, saved
from forge.places import OTHER, PLACES, Place

TWO = CONFIG + "  other: {provider: local, workspace: other.db}\n"


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "forge"
    folder.mkdir()
    made = PLACES[request.param](folder)
    with made.site:
        made.open(12)
        yield made


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo", "a", "b")


def test_a_comment_is_updated_in_place(place: Place, repo: Path) -> None:
    saved(repo)
    done = command(repo, "comment", place.env())
    assert done.out == f"local: comment posted ({place_name(place)}, {place.review} 12)\n"
    (body,) = place.bodies(12)
    assert body.startswith("<!-- reconciler plan local us sha256:")
    assert "2 to create" in body

    again = command(repo, "comment", place.env())
    assert "comment unchanged" in again.out
    assert place.bodies(12) == [body]
    assert place.site.counted(place.edit) == 0

    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    assert "comment updated" in command(repo, "comment", place.env()).out
    (changed,) = place.bodies(12)
    assert changed != body
    no_token_in(done, place.site)


def test_it_is_found_over_all_pages_and_after_what_others_wrote(place: Place, repo: Path) -> None:
    saved(repo)
    for number in range(3):
        place.write(12, f"looks good {number}", OTHER)
    command(repo, "comment", place.env())
    for number in range(7):
        place.write(12, f"a question {number}", place.me)
    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    assert "comment updated" in command(repo, "comment", place.env()).out
    assert len(place.bodies(12)) == 11
    assert place.bodies(12)[3].startswith("<!-- reconciler plan local us")


def test_targets_and_owners_have_comments_of_their_own(place: Place, repo: Path) -> None:
    write(repo, {"reconciler.yaml": TWO})
    saved(repo, "--target", "all")
    assert command(repo, "comment", place.env()).out.count("posted") == 2
    write(repo, {"reconciler.yaml": TWO.replace("owner: us", "owner: a--b")})
    saved(repo, "--target", "all")
    assert command(repo, "comment", place.env()).out.count("posted") == 2
    assert command(repo, "comment", place.env()).out.count("unchanged") == 2
    marks = [body.split("\n")[0].split(" ")[3:5] for body in place.bodies(12)]
    mine = "a%2D%2Db"
    assert marks == [["local", "us"], ["other", "us"], ["local", mine], ["other", mine]]


def test_nothing_to_change_is_said_where_a_plan_was_before(place: Place, repo: Path) -> None:
    saved(repo)
    command(repo, "comment", place.env())
    invoke(repo, "apply", "--yes")
    saved(repo)
    assert "comment updated" in command(repo, "comment", place.env()).out
    assert "nothing to change" in place.bodies(12)[0]

    place.open(13)
    assert "comment left out" in command(repo, "comment", place.env(13)).out
    assert place.bodies(13) == []
    assert "posted" in command(repo, "comment", place.env(13), "--always").out


def test_what_is_not_ours_is_said_where_nothing_else_is_to_be_done(
    place: Place, repo: Path
) -> None:
    write(repo, {"theirs.yaml": CONFIG.replace("owner: us", "owner: them")})
    invoke(repo, "apply", "--yes", "--config", "theirs.yaml")
    saved(repo)
    assert "comment posted" in command(repo, "comment", place.env()).out
    assert "Skipped, not ours: 2" in place.bodies(12)[0]
    assert "nothing to change" not in place.bodies(12)[0]
    assert command(repo, "reviewed", place.env(None)).out == (
        "local: 2 declared schedules that are not ours will not be applied\nnothing to change\n"
    )


def test_the_comment_of_somebody_else_is_left_alone(place: Place, repo: Path) -> None:
    saved(repo)
    forged = command(repo, "comment", job(), "--dry-run").out
    place.write(12, forged, OTHER)
    quoted = "look at this:\n" + forged
    place.write(12, quoted, place.me)
    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    assert "comment posted" in command(repo, "comment", place.env()).out
    assert [text.strip() for text in place.bodies(12)[:2]] == [forged.strip(), quoted.strip()]


def test_a_pull_request_that_is_named(place: Place, repo: Path) -> None:
    saved(repo)
    place.open(40)
    assert " 40)" in command(repo, "comment", place.env(None), "--pull-request", "40").out
    assert place.bodies(12) == []
    done = command(repo, "comment", place.env(None), code=1)
    assert f"error: this job runs for no {place.review}\n" in done.err
    assert "--pull-request N" in done.err


def test_without_a_token_it_says_which(place: Place, repo: Path) -> None:
    saved(repo)
    done = command(repo, "comment", place.env(**{place.token: ""}), code=1)
    assert f"error: {place.token} is not set\n" in done.err
    assert place.site.calls == []
    done = command(repo, "comment", place.env(**{place.token: "gone\n"}), code=1)
    assert "not accepted" in done.err
    assert "gone" not in done.err


def test_without_rights_it_says_which(place: Place, repo: Path) -> None:
    saved(repo)
    for name, user in place.site.users.items():
        place.site.users[name] = type(user)(user.id, user.login, user.type, frozenset({"read"}))
    done = command(repo, "comment", place.env(), code=1)
    right = {
        "GITHUB_TOKEN": "the job needs `permissions: pull-requests: write`",
        "GITLAB_TOKEN": "it takes a token with the scope api and the role Reporter",
        "SYSTEM_ACCESSTOKEN": "it takes the right: Contribute to pull requests",
    }
    assert right[place.token] in done.err
    assert "HTTP 403" in done.err
    no_token_in(done, place.site)


def test_dry_run_calls_nobody(place: Place, repo: Path) -> None:
    saved(repo)
    done = command(repo, "comment", place.env(), "--dry-run")
    assert done.out.startswith("<!-- reconciler plan local us sha256:")
    assert place.site.calls == []


def test_a_plan_file_that_was_edited_is_refused(place: Place, repo: Path) -> None:
    path = saved(repo)
    path.write_text(path.read_text().replace('"us"', '"me"'))
    assert "changed after it was made" in command(repo, "comment", place.env(), code=4).err
    assert place.site.calls == []


# ----------------------------------------------------------------------------------------- reviewed


def test_what_was_merged_as_it_was_shown_is_reviewed(place: Place, repo: Path) -> None:
    saved(repo)
    command(repo, "comment", place.env())
    place.merge(12, SHA)
    saved(repo)  # planned anew, later, on another commit
    done = command(repo, "reviewed", place.env(None))
    assert done.out == f"local: the plan is the one of {place.review} 12\n"


def test_a_change_after_the_review_is_refused(place: Place, repo: Path) -> None:
    saved(repo)
    command(repo, "comment", place.env())
    place.merge(12, SHA)
    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    done = command(repo, "reviewed", place.env(None), code=4)
    said = f"the plan is not the one that {place.review} 12 shows"
    assert done.err.startswith(f"refused: local: {said} (")


def test_a_live_schedule_that_changed_after_the_review_is_refused(
    place: Place, repo: Path, tmp_path: Path
) -> None:
    invoke(repo, "apply", "--yes")
    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    command(repo, "comment", place.env())
    place.merge(12, SHA)
    command(repo, "reviewed", place.env(None))
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(repo, elsewhere)
    write(elsewhere, {"schedules/a.yaml": declaration("a", hour=5)})
    config = (repo / "reconciler.yaml").read_text()
    write(elsewhere, {"reconciler.yaml": config.replace("workspace.db", "../repo/workspace.db")})
    invoke(elsewhere, "apply", "--yes")
    saved(repo)
    command(repo, "reviewed", place.env(None), code=4)


def test_a_plan_that_is_shown_after_the_merge_is_no_review(place: Place, repo: Path) -> None:
    saved(repo)
    command(repo, "comment", place.env())
    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    place.merge(12, SHA)
    command(repo, "comment", place.env())  # somebody runs the job again
    done = command(repo, "reviewed", place.env(None), code=4)
    said = f"the plan was put into {place.review} 12 after it was merged"
    assert done.err.startswith(f"refused: local: {said} (")


def test_what_nobody_reviewed_is_refused(place: Place, repo: Path) -> None:
    saved(repo)
    done = command(repo, "reviewed", place.env(None), code=4)
    assert f"no merged {place.review} brought this commit" in done.err
    place.merge(12, SHA)
    done = command(repo, "reviewed", place.env(None), code=4)
    assert f"{place.review} 12 shows no plan for this target and owner" in done.err
    forged = command(repo, "comment", job(), "--dry-run").out
    place.write(12, forged, OTHER)
    command(repo, "reviewed", place.env(None), code=4)


def test_a_merge_into_another_branch_is_no_review(place: Place, repo: Path) -> None:
    saved(repo)
    command(repo, "comment", place.env())
    place.merge(12, SHA)
    branch = {
        "GITHUB_REF_NAME": "production",
        "CI_COMMIT_BRANCH": "production",
        "BUILD_SOURCEBRANCH": "refs/heads/production",
    }
    command(repo, "reviewed", place.env(None, **branch), code=4)


def test_nothing_to_change_needs_no_review(place: Place, repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    saved(repo)
    assert command(repo, "reviewed", job()).out == "nothing to change\n"


# -------------------------------------------------------------------------------------------- issue


def test_one_issue_is_opened_updated_and_closed(place: Place, repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    saved(repo)
    assert "issue not needed" in command(repo, "issue", place.env(None)).out
    assert place.issues() == []

    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    assert "issue opened" in command(repo, "issue", place.env(None)).out
    ((state, title, body),) = place.issues()
    assert (state, title) == ("open", "Schedules differ from the repository: local")
    assert "<!-- reconciler drift local us sha256:" in body
    assert "1 to update" in body
    assert "issue unchanged" in command(repo, "issue", place.env(None)).out

    write(repo, {"schedules/b.yaml": declaration("b", hour=4)})
    saved(repo)
    assert "issue updated" in command(repo, "issue", place.env(None)).out
    ((_, _, body),) = place.issues()
    assert "2 to update" in body

    invoke(repo, "apply", "--yes")
    saved(repo)
    done = command(repo, "issue", place.env(None))
    assert "issue closed" in done.out
    ((state, _, body),) = place.issues()
    assert state == "closed"
    assert "nothing to change" in body
    assert "issue not needed" in command(repo, "issue", place.env(None)).out
    no_token_in(done, place.site)


def test_the_next_drift_opens_another_issue(place: Place, repo: Path) -> None:
    saved(repo)
    command(repo, "issue", place.env(None))
    invoke(repo, "apply", "--yes")
    saved(repo)
    command(repo, "issue", place.env(None))
    write(repo, {"schedules/a.yaml": declaration("a", hour=4)})
    saved(repo)
    assert "issue opened" in command(repo, "issue", place.env(None)).out
    assert [state for state, _, _ in place.issues()] == ["closed", "open"]


def test_only_what_is_written_by_people_and_us_is_looked_at(repo: Path, tmp_path: Path) -> None:
    """GitHub lists pull requests among issues; GitLab its own remarks among notes."""
    place = PLACES["github"](tmp_path)
    with place.site:
        saved(repo)
        pull = place.site.open_pull(12)
        pull.labels.append("schedule-drift")
        pull.body = command(repo, "issue", job(), "--dry-run").out.partition("\n\n")[2]
        assert "issue opened" in command(repo, "issue", place.env(None)).out
    place = PLACES["gitlab"](tmp_path)
    with place.site:
        place.open(12)
        forged = command(repo, "comment", job(), "--dry-run").out
        place.site.note(12, forged, place.me, system=True)
        assert "comment posted" in command(repo, "comment", place.env()).out


def test_issues_of_other_owners_are_left_alone(place: Place, repo: Path) -> None:
    saved(repo)
    command(repo, "issue", place.env(None))
    write(repo, {"reconciler.yaml": CONFIG.replace("owner: us", "owner: them")})
    saved(repo)
    assert "issue opened" in command(repo, "issue", place.env(None)).out
    assert "--" not in command(repo, "issue", place.env(None), "--dry-run").out.split("\n")[0]
    assert len(place.issues()) == 2


def place_name(place: Place) -> str:
    return {"GITHUB_TOKEN": "GitHub", "GITLAB_TOKEN": "GitLab"}.get(place.token, "Azure DevOps")


def test_the_summary_of_a_job_of_azure_pipelines(repo: Path, tmp_path: Path) -> None:
    place = PLACES["azuredevops"](tmp_path)
    with place.site:
        place.open(12)
        saved(repo)
        done = command(repo, "comment", place.env(AGENT_TEMPDIRECTORY=str(tmp_path)))
        line = done.out.splitlines()[0]
        assert line.startswith(f"##vso[task.uploadsummary]{tmp_path}/reconciler-")
        assert "2 to create" in Path(line.split("]")[1]).read_text()


def test_a_plan_that_is_too_long_is_folded(repo: Path, tmp_path: Path) -> None:
    """GitHub takes 65,536 characters; the stand-in refuses more."""
    names = [f"schedule-{number:04}" for number in range(900)]
    text = "---\n".join(declaration(name) for name in names)
    write(repo, {"schedules/a.yaml": text, "schedules/b.yaml": declaration("b")})
    place = PLACES["github"](tmp_path)
    with place.site:
        place.open(12)
        saved(repo)
        command(repo, "comment", place.env())
        (body,) = place.bodies(12)
        assert 60_000 < len(body) <= 65_536
        assert "Folded to fit" in body
        assert f"{place.site.address}/acme/schedules/actions/runs/77" in body
