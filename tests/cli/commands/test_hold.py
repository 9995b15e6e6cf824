"""`reconciler hold`: the file, the plan, what is live, and what is shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from helpers import CONFIG, Done, invoke, repository, write

from reconciler.cli import main_group

TWO = CONFIG + "  prod: {provider: local, workspace: prod.db}\n"
HOLD = ("--reason", "quarter end", "--by", "ana")
FILE = """\
# scores every night
name: nightly   # the name
trigger: {type: cron, expression: "0 2 * * *", time_zone: Europe/Lisbon}
create_job: ./job.yml

# the end
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repository(tmp_path, "other")
    write(tmp_path, {"schedules/nightly.yaml": FILE})
    call(tmp_path, "apply")
    return tmp_path


def call(repo: Path, *args: str, code: int = 0) -> Done:
    return invoke(repo, *args, code=code, env={"RECONCILER_ACTOR": "ann"})


def text(repo: Path, name: str = "nightly") -> str:
    return (repo / f"schedules/{name}.yaml").read_bytes().decode()


def test_from_the_file_to_what_is_live_and_back(repo: Path) -> None:
    done = call(repo, "hold", "nightly", "--until", "2099-12-01T08:00", *HOLD)
    words = "held until 2099-12-01 08:00 Europe/Lisbon by ana: quarter end"
    assert done.out == f"schedules/nightly.yaml: nightly is {words}\n"
    held = 'hold:\n  until: "2099-12-01T08:00"\n  reason: quarter end\n  by: ana\n'
    assert text(repo) == FILE.replace("job.yml\n", f"job.yml\n{held}")
    assert words in call(repo, "plan").out
    call(repo, "apply")
    assert f"in sync; {words}" in call(repo, "status").out
    assert words in call(repo, "schedules", "list", "--all").out
    assert f"# {words}\n" in call(repo, "schedules", "show", "nightly").out
    shown = json.loads(call(repo, "schedules", "show", "nightly", "--format", "json").out)
    assert shown["enabled"] is False
    assert shown["hold"]["until"] == "2099-12-01T08:00:00+00:00"
    listed = json.loads(call(repo, "status", "--format", "json").out)["schedules"]
    assert [one["hold"] and one["hold"]["words"] for one in listed] == [words, None]
    (told,) = json.loads(call(repo, "next", "nightly", "--format", "json").out)["schedules"]
    assert listed[0]["next"] == told["fires"][0] == "2099-12-02T02:00:00+00:00"
    assert "nothing to change" in call(repo, "plan").out

    released = call(repo, "hold", "nightly", "--release")
    assert released.out == "schedules/nightly.yaml: nightly is not held any more\n"
    assert text(repo) == FILE
    call(repo, "apply")
    assert "2 unchanged" in call(repo, "plan").out
    assert json.loads(call(repo, "schedules", "show", "nightly", "--format", "json").out)["enabled"]


def test_again_keeps_the_comments_inside(repo: Path) -> None:
    call(repo, "hold", "nightly", "--until", "2099-12-01", *HOLD)
    write(repo, {"schedules/nightly.yaml": text(repo).replace("  by:", "  # who\n  by:")})
    call(repo, "hold", "local/nightly", "--until", "2100-01-01T00:00Z")
    assert 'hold:\n  until: "2100-01-01T00:00Z"\n  # who\n  by: ann\n' in text(repo)


def test_a_span_from_now(repo: Path) -> None:
    call(repo, "hold", "nightly", "--until", "7d")
    assert 'Z"\n  by: ann\n' in text(repo)


@pytest.mark.parametrize("args", [("a", "--target", "prod"), ("prod/a",)])
def test_in_one_target(tmp_path: Path, args: tuple[str, ...]) -> None:
    repository(tmp_path, "a", config=TWO)
    done = call(tmp_path, "hold", *args, "--until", "2099-12-01")
    assert "held until 2099-12-01 00:00 UTC by ann" in done.out
    assert 'overrides:\n  prod:\n    hold:\n      until: "2099-12-01"\n' in text(tmp_path, "a")
    assert "disabled" in call(tmp_path, "plan", "--target", "prod").out
    assert "disabled" not in call(tmp_path, "plan", "--target", "local").out
    before = text(tmp_path, "a")
    # For every target: what prod says of itself holds there all the same.
    call(tmp_path, "hold", "a", "--until", "2099-01-01")
    assert before in text(tmp_path, "a")
    refused = call(tmp_path, "hold", "a", "--release", code=1)
    assert "the overrides of prod say something else" in refused.err
    call(tmp_path, "hold", "a", "--release", "--target", "prod")
    assert "    hold: null\n" in text(tmp_path, "a")
    call(tmp_path, "hold", "a", "--release")
    assert "held" in call(tmp_path, "hold", "a", "--release").out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("nightly",), "give --until"),
        (("nightly", "--release", "--reason", "x"), "give --until"),
        (("nightly", "--release", "--until", "2099-01-01"), "give --until"),
        (("nightly", "--until", "soon"), "is not a date, a date and time, nor a span"),
        (("nightly", "--until", "999999d" * 2), "nor a span"),
        (("nightly", "--until", "2020-01-01"), "--until is in the past"),
        (("nightli", "--until", "1d"), 'is declared; did you mean "nightly"?'),
        (("prod/nightly", "--until", "1d"), "for the target prod"),
        (("prod/nightly", "--until", "1d", "--target", "local"), "is not in the target local"),
    ],
)
def test_usage(repo: Path, args: tuple[str, ...], message: str) -> None:
    assert message in call(repo, "hold", *args, code=2).err
    assert text(repo) == FILE


def test_a_file_that_cannot_be_edited_stays(repo: Path) -> None:
    shared = FILE + "tags: &t {a: b}\nproperties: *t\nhold: &h {until: 2099-01-01}\n"
    shared += "overrides: {local: {hold: *h}}\n"
    write(repo, {"schedules/nightly.yaml": shared})
    done = call(repo, "hold", "nightly", "--until", "2099-12-01", code=1)
    assert "share values" in done.err
    assert "hint: edit it by hand" in done.err
    assert text(repo) == shared


def test_another_file_that_is_broken_is_in_nobodys_way(repo: Path) -> None:
    write(repo, {"schedules/broken.yaml": "name: [\n", "schedules/wrong.yaml": "name: nightly2\n"})
    call(repo, "hold", "nightly", "--until", "2099-12-01")
    assert "hold:" in text(repo)


def test_one_name_in_two_files(tmp_path: Path) -> None:
    repository(tmp_path, "a", config=TWO)
    write(tmp_path, {
        "schedules/a.yaml": text(tmp_path, "a") + "targets: [local]\n",
        "schedules/b.yaml": text(tmp_path, "a") + "targets: [prod]\n",
    })  # fmt: skip
    done = call(tmp_path, "hold", "a", "--until", "1d", code=2)
    assert "schedules/a.yaml:1 and schedules/b.yaml:1; choose with --target" in done.err
    call(tmp_path, "hold", "a", "--until", "2099-01-01", "--target", "prod")
    assert "hold" in text(tmp_path, "b")
    assert "hold" not in text(tmp_path, "a")


def test_line_ends_mode_and_links_stay(repo: Path) -> None:
    path = repo / "schedules/nightly.yaml"
    path.unlink()
    real = repo / "real.txt"
    real.write_bytes(b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").rstrip().encode())
    real.chmod(0o640)
    path.symlink_to(real)
    before = real.read_bytes()
    call(repo, "hold", "nightly", "--until", "2099-12-01", "--by", "ana")
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    held = b'job.yml\r\nhold:\r\n  until: "2099-12-01"\r\n  by: ana\r\n'
    assert real.read_bytes() == before.replace(b"job.yml\r\n", held)
    assert [name for name in os.listdir(repo) if name.endswith(".tmp")] == []


def test_names_complete(repo: Path) -> None:
    before = Path.cwd()
    os.chdir(repo)
    try:
        complete = ShellComplete(main_group, {}, "reconciler", "_X")
        for args in (["hold"], ["drift", "accept"], ["drift", "revert"]):
            assert [i.value for i in complete.get_completions(args, "n")] == ["nightly"]
        (repo / "reconciler.yaml").unlink()
        assert complete.get_completions(["hold"], "n") == []
    finally:
        os.chdir(before)
