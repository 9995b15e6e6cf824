"""Every command, called inside this process; on real files."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from helpers import CONFIG, ROOT, VERSION, declaration, invoke, repository, write
from jsonschema import Draft202012Validator

from reconciler.cli import COMMANDS, main_group
from reconciler.cli.help.examples import EXAMPLES, lines_of
from reconciler.schemas import NAMES, schema

TWO_TARGETS = """\
owner: us
schedules: [schedules]
default_target: local
targets:
  local: {provider: local, workspace: workspace.db}
  other: {provider: local, workspace: other.db, variables: {hour: "5"}}
"""
THEIRS = CONFIG.replace("owner: us", "owner: them")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path, "a", "b")


def listed(repo: Path, *options: str) -> dict[str, bool]:
    done = invoke(repo, "schedules", "list", "--all", "--format", "json", *options)
    found = json.loads(done.out)["schedules"]
    return {live["name"]: live["enabled"] for live in found}


# ------------------------------------------------------------------------------------- plan, apply


def dayless(text: str) -> str:
    """`text` without the day on which something fires next."""
    return re.sub(r"\b[A-Z][a-z]{2} \d+ [A-Z][a-z]{2} (?=\d\d:\d\d)", "DAY ", text)


def test_a_life(repo: Path) -> None:
    assert dayless(invoke(repo, "plan", "--exit-code", code=3).out) == (
        "+ local/a                         schedules/a.yaml:1\n"
        "    every day at 02:00, UTC (cron 0 2 * * *)\n"
        f"    runs azureml:job:{VERSION}\n"
        '    create_job.experiment_name  "a"\n'
        "    fires                       7 a week; next DAY 02:00 UTC\n"
        "\n"
        "+ local/b                         schedules/b.yaml:1\n"
        "    every day at 02:00, UTC (cron 0 2 * * *)\n"
        f"    runs azureml:job:{VERSION}\n"
        '    create_job.experiment_name  "b"\n'
        "    fires                       7 a week; next DAY 02:00 UTC\n"
        "\n"
        "runs a day, mean of 14 days: 0 -> 2\n"
        "busier: DAY 02:00 UTC, 2 runs (was 0)\n"
        "\n"
        "local: 2 to create\n"
    )
    assert not (repo / "workspace.db").exists()
    done = invoke(repo, "apply", "--yes")
    assert done.out.endswith("\n\ncreated local/a\ncreated local/b\n\n2 created\n")
    assert invoke(repo, "plan", "--exit-code").out == "local: nothing to change, 2 unchanged\n"
    assert invoke(repo, "apply").out == "local: nothing to change, 2 unchanged\n"


def test_how_far_a_plan_looks_ahead(repo: Path) -> None:
    for options, days in (((), 14), (("--horizon", "36h"), 1.5), (("--horizon", "366d"), 366)):
        plan = json.loads(invoke(repo, "plan", "--format", "json", *options).out)["plans"][0]
        assert plan["impact"]["horizon_days"] == days
        assert len(plan["impact"]["heat"]["after"]) >= days
        counts = [change["impact"]["after"]["count"] for change in plan["changes"]]
        assert all(abs(count - days) <= 0.5 for count in counts)
    for wrong in ("0h", "59m", "367d", "14", "x"):
        assert "--horizon" in invoke(repo, "plan", "--horizon", wrong, code=2).err
    assert "fires" in invoke(repo, "apply", "--yes", "--horizon", "2d").out


def test_a_file_that_is_removed_and_put_back(repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    kept = (repo / "schedules/a.yaml").read_text()
    (repo / "schedules/a.yaml").unlink()
    assert dayless(invoke(repo, "plan", "--exit-code", code=3).out) == (
        "- local/a                         not in the repository any more\n"
        "    fires  7 a week -> none; was next DAY 02:00 UTC\n"
        "\n"
        "runs a day, mean of 14 days: 2 -> 1\n"
        "\n"
        "local: 1 to disable, 1 unchanged\n"
    )
    assert "disabled local/a\n" in invoke(repo, "apply", "--yes").out
    assert listed(repo) == {"a": False, "b": True}
    assert "1 disabled, shown with --all" in invoke(repo, "schedules", "list").out
    assert invoke(repo, "plan", "--exit-code").out == (
        "local: nothing to change, 2 unchanged (1 removed, and disabled already: a)\n"
    )
    write(repo, {"schedules/a.yaml": kept})
    assert dayless(invoke(repo, "plan", "--exit-code", code=3).out) == (
        "~ local/a                         schedules/a.yaml:1\n"
        "    enabled again\n"
        "    is_enabled  false -> true\n"
        "    fires       none -> 7 a week; next DAY 02:00 UTC\n"
        "\n"
        "runs a day, mean of 14 days: 1 -> 2\n"
        "busier: DAY 02:00 UTC, 2 runs (was 1)\n"
        "\n"
        "local: 1 to update, 1 unchanged\n"
    )
    invoke(repo, "apply", "--yes")
    assert listed(repo) == {"a": True, "b": True}


def test_a_broken_file_disables_nothing(repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    write(repo, {"schedules/a.yaml": "name: [", "schedules/c.yaml": declaration("c")})
    for command in (["plan"], ["apply", "--yes"], ["status"]):
        done = invoke(repo, *command, code=1)
        assert done.out == ""
        assert done.err.startswith("schedules/a.yaml:1:")
        assert done.err.endswith("error: 1 problem in the declarations\n")
    assert listed(repo) == {"a": True, "b": True}


def test_a_path_that_matches_nothing_is_an_error(repo: Path) -> None:
    write(repo, {"reconciler.yaml": CONFIG.replace("[schedules]", "[schedules, elsewhere]")})
    done = invoke(repo, "plan", code=1)
    assert "elsewhere:1:1: error: no such file or folder [SCH035]" in done.err
    assert done.out == ""


def test_what_the_target_refuses_is_a_problem_with_its_place(repo: Path) -> None:
    text = declaration("c").replace("./job.yml", "azureml:nothing")
    write(repo, {"schedules/c.yaml": "\n" + text})
    for command in (["plan"], ["apply", "--yes"]):
        done = invoke(repo, *command, code=1)
        assert done.err == (
            'schedules/c.yaml:4:13: error: local/c: no pipeline "nothing" is published [TGT001]\n'
            "  4 | create_job: azureml:nothing\n"
            "    |             ^~~~~~~~~~~~~~~\n"
            "  hint: `reconciler pipelines publish FILE` publishes a job file\n\n"
            "`reconciler explain TGT001` says more\n\n"
            "error: 1 problem in the declarations\n"
        )
    assert not (repo / "workspace.db").exists()


def test_plans_as_json(repo: Path) -> None:
    validator = Draft202012Validator(schema("plan"))
    done = invoke(repo, "plan", "--format", "json", "--exit-code", code=3)
    document = json.loads(done.out)
    assert list(validator.iter_errors(document)) == []
    assert document["plans"][0]["summary"]["create"] == 2
    assert "none" not in done.out.replace("null", "")  # the value of api_key, in the job file
    done = invoke(repo, "apply", "--format", "json")
    document = json.loads(done.out)
    assert list(validator.iter_errors(document)) == []
    assert [c["outcome"] for c in document["plans"][0]["changes"]] == ["created", "created"]
    done = invoke(repo, "apply", "--format", "json")
    assert {c["outcome"] for c in json.loads(done.out)["plans"][0]["changes"]} == {"unchanged"}


def test_limits(tmp_path: Path) -> None:
    names = [f"s{n:02}" for n in range(10)]
    repo = repository(tmp_path, *names)
    invoke(repo, "apply", "--yes")
    for name in names[:4]:
        (repo / f"schedules/{name}.yaml").unlink()
    reason = (
        "refused: it would disable 4 of 10 schedules (40 %), and limits.disable.percent is 30;"
        " if that is meant, use --ignore-limits\n"
    )
    assert reason in invoke(repo, "plan", code=4).out
    assert invoke(repo, "plan", "--exit-code", code=4).err == ""
    done = invoke(repo, "apply", "--yes", code=4)
    assert done.err.startswith(f"{reason}refused: a review can let just this plan through")
    assert all(listed(repo).values())
    assert json.loads(invoke(repo, "plan", "--format", "json", code=4).out)["plans"][0]["refusals"]
    invoke(repo, "apply", "--yes", "--format", "json", code=4)
    invoke(repo, "plan", "--ignore-limits", "--exit-code", code=3)
    assert "4 disabled" in invoke(repo, "apply", "--yes", "--ignore-limits").out
    assert sum(listed(repo).values()) == 6


def test_an_empty_repository(repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    for name in "ab":
        (repo / f"schedules/{name}.yaml").unlink()
    reason = "refused: no schedule is declared for this target; if that is meant, use --allow-empty"
    assert reason in invoke(repo, "plan", code=4).out
    assert reason in invoke(repo, "apply", "--yes", code=4).err
    assert all(listed(repo).values())
    invoke(repo, "apply", "--yes", "--allow-empty")
    assert not any(listed(repo).values())


def test_adopt(repo: Path) -> None:
    write(repo, {"theirs.yaml": THEIRS})
    invoke(repo, "apply", "--yes", "--config", "theirs.yaml")
    assert invoke(repo, "plan", "--exit-code", code=3).out == (
        "! local/a                         schedules/a.yaml:1\n"
        '    managed by "them"; --adopt a takes it over\n'
        "\n"
        "! local/b                         schedules/b.yaml:1\n"
        '    managed by "them"; --adopt b takes it over\n'
        "\n"
        "local: 2 skipped\n"
    )
    done = invoke(repo, "apply", "--yes", code=1)
    assert done.err == (
        "2 declared schedules are not ours, and are not applied: live is not as declared\n"
    )
    invoke(repo, "drift", "--exit-code", code=3)
    assert "not ours" in invoke(repo, "history", "list").out
    assert '    owner  "them" -> "us"' in invoke(repo, "plan", "--adopt", "a").out
    assert "updated local/a\n" in invoke(repo, "apply", "--yes", "--adopt", "local/a", code=5).out
    assert "local: 1 skipped, 1 unchanged" in invoke(repo, "plan").out
    done = invoke(repo, "plan", "--adopt", "c", code=2)
    assert "--adopt c: no schedule of that name is declared" in done.err
    done = invoke(repo, "plan", "--adopt", "a, c", code=2)
    assert "--adopt c: no schedule of that name is declared" in done.err
    assert "local: 1 to update, 1 unchanged" in invoke(repo, "plan", "--adopt", "a,b").out


def test_targets(repo: Path) -> None:
    write(
        repo,
        {
            "reconciler.yaml": TWO_TARGETS,
            "schedules/c.yaml": declaration("c", targets="[other]").replace(
                "0 2 *", "0 ${{ vars.hour }} *"
            ),
        },
    )
    assert "local: 2 to create" in invoke(repo, "plan").out
    assert invoke(repo, "plan", "--target", "other").out.endswith("other: 3 to create\n")
    done = invoke(repo, "plan", "--target", "all")
    assert "\nlocal: 2 to create\n\n+ other/a " in done.out
    assert "every day at 05:00, UTC (cron 0 5 * * *)" in done.out
    done = invoke(repo, "apply", "--target", "all", "--yes")
    assert done.out.endswith("created other/c\n\n5 created\n")
    assert sorted(listed(repo, "--target", "other")) == ["a", "b", "c"]
    assert (
        json.loads(invoke(repo, "plan", "--target", "all", "--format", "json").out)["plans"][1][
            "target"
        ]
        == "other"
    )
    done = invoke(repo, "plan", "--target", "othr", code=1)
    assert done.err == 'error: no target "othr" in reconciler.yaml\n  hint: did you mean "other"?\n'
    done = invoke(repo, "schedules", "show", "a", "--target", "all", code=1)
    assert "name it with --target: local, other" in done.err


def test_one_target_over_its_limits_keeps_every_target_as_it_was(repo: Path) -> None:
    write(repo, {"reconciler.yaml": TWO_TARGETS})
    for name in "ab":
        write(repo, {f"schedules/{name}.yaml": declaration(name, targets="[local]")})
    done = invoke(repo, "apply", "--target", "all", "--yes", code=4)
    assert "no schedule is declared for this target" in done.err
    assert not (repo / "workspace.db").exists()


def test_without_a_configuration(tmp_path: Path) -> None:
    for command in ("plan", "apply", "status", "validate"):
        done = invoke(tmp_path, command, code=1)
        assert done.err == (
            "error: no reconciler.yaml here or in a folder above\n"
            "  hint: `reconciler init` writes one; --config FILE names another\n"
        )


def test_from_a_folder_below_and_with_config(
    repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert "2 to create" in invoke(repo / "schedules", "plan").out
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert "2 to create" in invoke(elsewhere, "plan", "--config", str(repo / "reconciler.yaml")).out


# ---------------------------------------------------------------------------------------- validate


def test_validate(repo: Path) -> None:
    assert invoke(repo, "validate").out == "2 schedules, 1 job file in 3 files: no problems\n"
    write(repo, {"schedules/c.yaml": declaration("c").replace("0 2 *", "0 25 *")})
    done = invoke(repo, "validate", code=1)
    assert done.out.startswith("schedules/c.yaml:2:")
    assert done.out.endswith("3 schedules, 1 job file in 4 files: 1 error\n")
    assert json.loads(invoke(repo, "validate", "--format", "json", code=1).out)["errors"] == 1
    assert invoke(repo, "validate", "--format", "github", code=1).out.startswith("::error file=")
    assert (
        json.loads(invoke(repo, "validate", "--format", "sarif", code=1).out)["version"] == "2.1.0"
    )
    assert invoke(repo, "validate", "schedules/a.yaml").out.endswith("in 1 file: no problems\n")
    assert "no such file" in invoke(repo, "validate", "nothing.yaml", code=1).out


def test_validate_needs_nothing_that_a_target_is_opened_with(repo: Path) -> None:
    """A job for forks, and a hook on a laptop, have no subscription."""
    prod = """\
  prod:
    provider: azureml
    subscription_id: ${{ env.RECONCILER_TEST_NOT_SET }}
    resource_group: ml
    workspace: vision
    command_jobs: wrapped
"""
    text = (repo / "reconciler.yaml").read_text()
    write(repo, {"reconciler.yaml": text.replace("targets:\n", f"targets:\n{prod}")})
    assert "no problems" in invoke(repo, "validate").out
    assert "no problems" in invoke(repo, "validate", "--target", "prod").out
    assert "no problems" in invoke(repo, "validate", "schedules/a.yaml").out
    done = invoke(repo, "plan", "--target", "prod", code=1)
    assert "the environment variable RECONCILER_TEST_NOT_SET is not set" in done.err


def test_validate_takes_a_variable_of_the_environment_as_not_known(repo: Path) -> None:
    """What is not set is said where it would stand; a plan of another target needs none of it."""
    prod = """\
  prod:
    provider: local
    workspace: prod.db
    variables: {zone: "${{ env.RECONCILER_TEST_NOT_SET }}"}
"""
    text = (repo / "reconciler.yaml").read_text()
    text = text.replace("targets:\n", f"variables: {{zone: UTC}}\ntargets:\n{prod}")
    write(repo, {"reconciler.yaml": text})
    assert "no problems" in invoke(repo, "validate").out
    trigger = 'trigger: {type: cron, expression: "0 2 * * *", time_zone: "${{ vars.zone }}"}\n'
    job = "create_job: ./job.yml\n"
    write(repo, {"schedules/b.yaml": f"name: b\n{trigger}{job}targets: [prod, local]\n"})
    done = invoke(repo, "validate", "--format", "github")
    assert done.out.startswith("::warning file=schedules/b.yaml,line=2,col=")
    assert done.out.count("RECONCILER_TEST_NOT_SET is not set (target prod)") == 1
    invoke(repo, "plan", "--target", "local")
    wanted = invoke(repo, "plan", "--target", "prod", code=1).err
    assert "error: the environment variable RECONCILER_TEST_NOT_SET is not set" in wanted
    env = {"RECONCILER_TEST_NOT_SET": "Nowhere/Never"}
    assert "SCH014" in invoke(repo, "validate", code=1, env=env).out


def test_validate_says_what_is_wrong_with_the_configuration_in_every_format(repo: Path) -> None:
    text = (repo / "reconciler.yaml").read_text()
    write(repo, {"reconciler.yaml": text.replace("owner: us", "ownr: us")})
    done = invoke(repo, "validate", "--format", "github", code=1)
    assert done.out.startswith("::error file=reconciler.yaml,line=1,")
    assert "reconciler.yaml:1:1: error:" in done.err
    for form in ("sarif", "json"):
        found = json.loads(invoke(repo, "validate", "--format", form, code=1).out)
        assert "CFG001" in json.dumps(found)
    assert invoke(repo, "validate", code=1).out == ""


# ------------------------------------------------------------------------------------------- status


def test_status(repo: Path) -> None:
    assert invoke(repo, "status").out == (
        "SCHEDULE  ENABLED  OWNER  REPOSITORY    LAST RUN (UTC)  NEXT (UTC)  TRIGGER\n"
        "local/a   -        -      not live yet  -               -           "
        "every day at 02:00, UTC (cron 0 2 * * *)\n"
        "local/b   -        -      not live yet  -               -           "
        "every day at 02:00, UTC (cron 0 2 * * *)\n"
        "\n"
        "local is not run: `reconciler serve` fires its schedules\n"
    )
    invoke(repo, "apply", "--yes")
    write(repo, {"theirs.yaml": THEIRS, "schedules/theirs.yaml": declaration("theirs")})
    write(repo, {"schedules/t2.yaml": declaration("t2")})
    invoke(repo, "apply", "--yes", "--config", "theirs.yaml", code=5)
    (repo / "schedules/theirs.yaml").unlink()
    (repo / "schedules/b.yaml").unlink()
    write(
        repo,
        {
            "schedules/a.yaml": declaration("a", 3, description="new"),
            "schedules/c.yaml": declaration("c"),
        },
    )
    cells = [re.split("  +", line) for line in invoke(repo, "status").out.splitlines()]
    assert [f"{row[0]}|{row[3]}" for row in cells[1:-2]] == [
        "local/a|differs: description, trigger.expression",
        "local/b|not in the repository",
        "local/c|not live yet",
        "local/t2|declared, but not ours",
        "local/theirs|unmanaged",
    ]
    found = json.loads(invoke(repo, "status", "--format", "json").out)["schedules"]
    assert [(s["name"], s["owner"], s["enabled"], s["repository"]) for s in found[:3]] == [
        ("a", "us", True, "differs: description, trigger.expression"),
        ("b", "us", True, "not in the repository"),
        ("c", None, None, "not live yet"),
    ]
    assert [(s["last_run"], str(s["next"])[11:]) for s in found[:2]] == [
        (None, "02:00:00+00:00"),
        (None, "02:00:00+00:00"),
    ]
    assert re.search(r"local/b .* \d\d-\d\d 02:00 ", invoke(repo, "status").out)


def test_status_of_nothing(tmp_path: Path) -> None:
    repo = repository(tmp_path)
    assert "nothing is live, and nothing is declared" in invoke(repo, "status").out


# ---------------------------------------------------------------------------------------- schedules


def test_schedules(repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    done = invoke(repo, "schedules", "disable", "a")
    assert done.out == (
        "disabled local/a\n"
        "the next apply follows the repository; to keep it so, set is_enabled: false there\n"
    )
    assert invoke(repo, "schedules", "disable", "a").out == "local/a is disabled already\n"
    assert listed(repo) == {"a": False, "b": True}
    assert "local/a" not in invoke(repo, "schedules", "list").out
    assert "local/a" in invoke(repo, "schedules", "list", "--all").out
    assert "switched off live by " in invoke(repo, "plan").out
    done = invoke(repo, "schedules", "enable", "local/a")
    assert done.out == (
        "enabled local/a\n"
        "the next apply follows the repository; to keep it so, set is_enabled: true there\n"
    )
    assert invoke(repo, "schedules", "enable", "a").out == "local/a is enabled already\n"
    invoke(repo, "plan", "--exit-code")


def test_schedules_of_others_keep_their_owner(repo: Path) -> None:
    write(repo, {"theirs.yaml": THEIRS})
    invoke(repo, "apply", "--yes", "--config", "theirs.yaml")
    assert invoke(repo, "schedules", "disable", "a").out == "disabled local/a\n"
    assert invoke(repo, "schedules", "enable", "a").out == "enabled local/a\n"
    assert (
        json.loads(invoke(repo, "schedules", "show", "a", "--format", "json").out)["owner"]
        == "them"
    )
    invoke(repo, "plan", "--config", "theirs.yaml", "--exit-code")


def test_show_a_schedule(repo: Path) -> None:
    write(
        repo,
        {"schedules/a.yaml": declaration("a", tags="{api_key: hunter}", description='"x\\e[31m"')},
    )
    invoke(repo, "apply", "--yes")
    done = invoke(repo, "schedules", "show", "a")
    assert done.out.startswith(
        "# local/a: every day at 02:00, UTC (cron 0 2 * * *)\n# owner: us\n# modified: "
    )
    assert f"job: azureml:job:{VERSION}" in done.out
    assert "hunter" not in done.out
    assert "\x1b" not in done.out
    document = json.loads(invoke(repo, "schedules", "show", "a", "--format", "json").out)
    assert document["schedule"]["tags"] == {"api_key": "****"}
    assert (
        'no schedule "local/aa" is live; did you mean "a"?'
        in invoke(repo, "schedules", "show", "aa", code=2).err
    )


# ---------------------------------------------------------------------------------------- pipelines


def test_pipelines(repo: Path) -> None:
    assert "publish" in invoke(repo, "pipelines", "--help").out
    assert invoke(repo, "pipelines", "list").out.startswith("PIPELINE")
    done = invoke(repo, "pipelines", "publish", "schedules/job.yml")
    assert done.out == f"published job:{VERSION}\n"
    done = invoke(repo, "pipelines", "publish", "schedules/job.yml")
    assert done.out == f"was published before, and is the newest: job:{VERSION}\n"
    invoke(repo, "apply", "--yes")
    done = invoke(repo, "pipelines", "disable", "job", code=1)
    assert "enabled schedules run it: a, b; disable them first" in done.err
    show = invoke(repo, "pipelines", "show", "job").out
    assert show.startswith(f"# job: enabled, 2 enabled schedules run it\n# {VERSION}  ")
    assert "api_key: '****'" in show
    invoke(repo, "schedules", "disable", "a")
    assert "1 enabled schedule runs it" in invoke(repo, "pipelines", "show", "job").out
    invoke(repo, "schedules", "disable", "b")
    assert invoke(repo, "pipelines", "disable", "job").out == "disabled job\n"
    assert "1 disabled, shown with --all" in invoke(repo, "pipelines", "list").out
    [row] = json.loads(invoke(repo, "pipelines", "list", "--all", "--format", "json").out)[
        "pipelines"
    ]
    assert (row["name"], row["enabled"], row["enabled_schedules"]) == ("job", False, 0)
    done = invoke(repo, "schedules", "enable", "a", code=1)
    assert 'the pipeline "job" is disabled; enable it first' in done.err
    assert 'the pipeline "job" is disabled' in invoke(repo, "plan", code=1).err
    assert invoke(repo, "pipelines", "enable", "job").out == "enabled job\n"
    assert "2 updated" in invoke(repo, "apply", "--yes").out
    document = json.loads(invoke(repo, "pipelines", "show", "job", "--format", "json").out)
    assert document["job"]["inputs"] == {"api_key": "****", "epochs": 5}
    assert len(document["history"]) == 1
    done = invoke(repo, "pipelines", "show", "jib", code=1)
    assert done.err.startswith('error: no pipeline "jib" is published in local\n')


def test_publish_checks_the_file(repo: Path) -> None:
    write(repo, {"bad.yml": "type: command\n", "none.yml": "a: 1\n"})
    for name in ("bad.yml", "none.yml", "missing.yml", "schedules"):
        done = invoke(repo, "pipelines", "publish", name, code=1)
        assert "error: 1 problem in the declarations" in done.err, name
    assert not (repo / "workspace.db").exists()


def test_a_job_that_changed_is_published_by_apply(repo: Path) -> None:
    invoke(repo, "apply", "--yes")
    path = repo / "schedules/job.yml"
    path.write_text(path.read_text().replace("hello", "goodbye"))
    done = invoke(repo, "plan", "--exit-code", code=3)
    assert f'create_job.job  "azureml:job:{VERSION}" -> "azureml:job:' in done.out
    assert "2 updated" in invoke(repo, "apply", "--yes").out
    [row] = json.loads(invoke(repo, "pipelines", "list", "--format", "json").out)["pipelines"]
    assert row["versions"] == 2
    path.write_text(path.read_text().replace("goodbye", "hello"))
    invoke(repo, "apply", "--yes")
    [row] = json.loads(invoke(repo, "pipelines", "list", "--format", "json").out)["pipelines"]
    assert (row["versions"], row["version"]) == (3, VERSION)


# --------------------------------------------------------------------------------------------- init


def test_init_gives_a_repository_that_works(tmp_path: Path) -> None:
    done = invoke(tmp_path, "init")
    following = done.out.partition("\nnext:\n")[2]
    assert re.findall(r"reconciler (\w+)", following) == ["apply", "serve", "trigger", "runs"]
    assert ".reconciler/" in (tmp_path / ".gitignore").read_text()
    assert invoke(tmp_path, "validate").out.endswith(": no problems\n")
    assert "7 to create" in invoke(tmp_path, "plan", "--exit-code", code=3).out
    assert "7 created" in invoke(tmp_path, "apply", "--yes").out
    invoke(tmp_path, "plan", "--exit-code")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = invoke(tmp_path, "init", code=1)
    assert done.err == "error: reconciler.yaml exists already\n"
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_init_in_a_git_repository(tmp_path: Path) -> None:
    """What it holds already is kept; the workspace is added to what Git ignores."""
    (tmp_path / ".gitignore").write_text("*.pyc")
    assert "wrote .gitignore" in invoke(tmp_path, "init").out
    lines = (tmp_path / ".gitignore").read_text().splitlines()
    assert lines[0] == "*.pyc"
    assert {".reconciler/", "plan.json"} < set(lines)
    (tmp_path / "reconciler.yaml").unlink()
    invoke(tmp_path, "init", code=1)
    assert (tmp_path / ".gitignore").read_text().splitlines() == lines
    assert (tmp_path / "data/inbox").is_dir()


def test_a_disk_that_is_full(repo: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", "plan"],
            cwd=repo,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode != 0
    assert "the output cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_in_another_folder(tmp_path: Path) -> None:
    assert "next:\n    cd new/one\n" in invoke(tmp_path, "init", "new/one").out
    invoke(tmp_path / "new/one", "validate")
    (tmp_path / "file").touch()
    assert invoke(tmp_path, "init", "file", code=2).err
    (tmp_path / "half").mkdir()
    (tmp_path / "half/reconciler.yaml").write_text("mine\n")
    invoke(tmp_path, "init", "half", code=1)
    assert [path.name for path in (tmp_path / "half").iterdir()] == ["reconciler.yaml"]


# ------------------------------------------------------------------------- schema, explain, help


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_printed_as_they_are(tmp_path: Path, name: str) -> None:
    done = invoke(tmp_path, "schema", name)
    assert done.out == (ROOT / f"schemas/{name}.schema.json").read_text(encoding="utf-8")
    if name == "schedule":
        assert invoke(tmp_path, "schema").out == done.out


def test_explain(tmp_path: Path) -> None:
    assert "SCH014  error     a time zone is not known\n" in invoke(tmp_path, "explain").out
    assert invoke(tmp_path, "explain", "sch014").out == invoke(tmp_path, "explain", "SCH014").out
    done = invoke(tmp_path, "explain", "SCH0144", code=2)
    assert 'there is no code "SCH0144"; did you mean SCH' in done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    done = invoke(tmp_path, command, "--help")
    assert done.out.startswith(f"Usage: main-group {command}") or f" {command} " in done.out
    assert invoke(tmp_path, command, "-h").out == done.out
    summary = COMMANDS[command][1]
    assert summary in invoke(tmp_path, "--help").out


def test_usage(tmp_path: Path) -> None:
    for args in (
        ["nothing"],
        ["plan", "--nothing"],
        ["status", "x"],
        ["plan", "--format", "xml"],
        ["schema", "x"],
    ):
        assert invoke(tmp_path, *args, code=2).err.startswith("Usage:")


# -------------------------------------------------------------------------------------- completion


def complete(folder: Path, *words: str, **env: str) -> list[str]:
    """What bash is offered for the last of `words`."""
    import os

    from click.shell_completion import BashComplete

    from reconciler.cli import main_group

    before = Path.cwd()
    os.chdir(folder)
    try:
        completer = BashComplete(main_group, {}, "reconciler", "_RECONCILER_COMPLETE")
        return [item.value for item in completer.get_completions(list(words[:-1]), words[-1])]
    finally:
        os.chdir(before)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(tmp_path: Path, shell: str) -> None:
    assert f"_RECONCILER_COMPLETE={shell}_complete" in invoke(tmp_path, "completion", shell).out


@pytest.mark.parametrize("no_color", [False, True])
def test_completion(repo: Path, monkeypatch: pytest.MonkeyPatch, no_color: bool) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    write(repo, {"reconciler.yaml": TWO_TARGETS})
    invoke(repo, "apply", "--yes")
    assert complete(repo, "sche") == ["schedules", "schema"]
    assert complete(repo, "plan", "--target", "") == ["local", "other", "all"]
    assert complete(repo, "plan", "--target", "o") == ["other"]
    assert complete(repo, "schedules", "show", "") == ["a", "b"]
    assert complete(repo, "schedules", "disable", "--target", "other", "") == []
    assert complete(repo, "explain", "sch01")[:2] == ["SCH010", "SCH011"]


def test_completion_where_nothing_can_be_read(tmp_path: Path) -> None:
    assert complete(tmp_path, "plan", "--target", "") == []
    assert complete(tmp_path, "schedules", "show", "") == []
    write(tmp_path, {"reconciler.yaml": "owner: [", "workspace.db": "no database"})
    assert complete(tmp_path, "schedules", "show", "") == []
    write(tmp_path, {"reconciler.yaml": CONFIG})
    assert complete(tmp_path, "schedules", "show", "") == []


# ------------------------------------------------------------------------------------------ names


def test_named_schedules_alone_are_planned_and_applied(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a", "b", "c")
    invoke(repo, "apply", "--yes")
    for name in "ab":
        write(repo, {f"schedules/{name}.yaml": declaration(name, hour=5)})
    (repo / "schedules/c.yaml").unlink()
    planned = invoke(repo, "plan", "a").out
    assert "local/a" in planned
    assert "local/b" not in planned
    assert planned.endswith("local: 1 to update\n")
    assert "fires" in planned
    assert "runs a day, mean of 14 days: 3\n" in planned  # all of them, the others as they are
    (repo / "a").mkdir()  # no saved plan, though it is there
    assert "1 updated" in invoke(repo, "apply", "a", "--yes").out
    write(repo, {"schedules/a.yaml": declaration("a", hour=6)})
    applied = invoke(repo, "apply", "local/a", "--yes").out
    assert applied.endswith("1 updated\n")
    left = invoke(repo, "plan", "--exit-code", code=3).out
    assert left.endswith("local: 1 to update, 1 to disable, 1 unchanged\n")
    invoke(repo, "plan", "a", "--exit-code")
    # One that left the repository is named as it was.
    assert invoke(repo, "plan", "[bc]").out.endswith("local: 1 to update, 1 to disable\n")


def test_a_name_that_means_nothing(tmp_path: Path) -> None:
    repo = repository(tmp_path, "nightly")
    for command in ("plan", "apply"):
        refused = invoke(repo, command, "nighly", code=2).err
        assert 'no schedule "nighly" is declared for local' in refused
        assert 'did you mean "nightly"?' in refused
    assert "No such file" in invoke(repo, "apply", "gone.plan", code=2).err
    assert "--out saves a whole plan" in invoke(repo, "plan", "nightly", "--out", "p", code=2).err


# --------------------------------------------------------------------------------------- examples


def _typed() -> list[str]:
    return sorted({line for name in EXAMPLES for line in lines_of(name)})


def test_every_command_has_an_example_in_its_help(tmp_path: Path) -> None:
    names = [*COMMANDS]
    for name in COMMANDS:
        module = import_module(f"reconciler.cli.commands.{COMMANDS[name][0]}")
        names += [f"{name} {below}" for below in getattr(module.command, "commands", ())]
    assert set(names) <= set(EXAMPLES)
    assert "reconciler plan nightly 'report-*'" in invoke(tmp_path, "plan", "--help").out
    assert "reconciler runs logs -f nightly" in invoke(tmp_path, "runs", "logs", "-h").out


@pytest.mark.parametrize("line", _typed())
def test_an_example_is_one_that_can_be_typed(line: str) -> None:
    words = shlex.split(line.partition(" > ")[0])
    if words[0] != "reconciler":
        return  # a line of a shell
    group, name = main_group, words[1]
    if name not in COMMANDS:
        return  # of a command that is not there yet
    context = click.Context(group, info_name="reconciler")
    command = group.get_command(context, name)
    rest = words[2:]
    while isinstance(command, click.Group) and rest and rest[0] in command.commands:
        command, rest = command.commands[rest[0]], rest[1:]
    assert command is not None
    with command.make_context(name, rest, parent=context):
        pass


def test_help_is_in_groups(tmp_path: Path) -> None:
    text = invoke(tmp_path, "--help").out
    titles = re.findall(r"(?m)^(\w+):$", text)
    assert titles == ["Options", "Author", "Review", "Apply", "Observe", "Operate", "Workspace"]
    assert "More:" not in text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("aply", "apply"), ("diff", "plan"), ("logs", "runs logs"), ("shedules", "schedules")],
)
def test_a_command_that_is_mistyped(tmp_path: Path, typed: str, meant: str) -> None:
    said = invoke(tmp_path, typed, code=2).err
    assert f'error: there is no command "{typed}"; did you mean `reconciler {meant}`?\n' in said
    assert "Error:" not in said


def test_errors_of_usage_read_as_all_others(tmp_path: Path) -> None:
    assert "\nerror: no such option" in invoke(tmp_path, "plan", "--targt", "x", code=2).err
    assert "did you mean" in invoke(tmp_path, "runs", "lst", code=2).err.lower()
    assert 'there is no command "xyzzy"\n' in invoke(tmp_path, "xyzzy", code=2).err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("runs rerun", "; did you mean `reconciler trigger`?"),  # and not prune, which is nearest
        ("runs lst", "; did you mean `reconciler runs list`?"),
        ("schedules pause", "; did you mean `reconciler suspend`?"),
        ("pipelines xyzzy", ""),
    ],
)
def test_a_command_of_a_group_that_is_mistyped(tmp_path: Path, typed: str, meant: str) -> None:
    said = invoke(tmp_path, *typed.split(), code=2).err
    assert said.endswith(f'error: there is no command "{typed.split()[1]}"{meant}\n')
