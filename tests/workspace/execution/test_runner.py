"""Runs: steps as real processes, in the order of what they need."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import without_privileges, write

from reconciler.workspace.execution.run_code import WorkingTree
from reconciler.workspace.execution.run_inputs import Context
from reconciler.workspace.execution.runner import (
    Run,
    RunReport,
    StepReport,
    _words,
    log_path,
    remove_run,
)
from reconciler.workspace.execution.steps import RunPlan, Step, plan_run

SAMPLES = Path(__file__).parents[4] / "shared" / "corpus" / "azureml-examples" / "cli" / "schedules"
PATIENCE = 60.0
"""Seconds; only a test that fails waits for so long."""
NAME = "nightly-20260101T000000Z"
UNTIL = "until [ -e $HERE/{} ]; do sleep 0.01; done"


class Ran:
    """A run of a job in `folder`, and what it reported."""

    def __init__(
        self,
        folder: Path,
        job: str | RunPlan,
        *,
        on_report: Callable[[Ran, StepReport | RunReport], None] | None = None,
        goes_on: bool | None = None,
        given: dict[str, Any] | None = None,
        runs: Path | None = None,
        **options: Any,
    ) -> None:
        self.folder = (runs or folder / "runs") / "run"
        self.here = folder
        self.reports: list[StepReport | RunReport] = []
        self._on_report = on_report
        if isinstance(job, RunPlan):
            plan = job
        else:
            document = {"type": "pipeline", **yaml.safe_load(job)}
            context = Context(NAME, "2026-01-01T00:00:00Z")
            plan = plan_run(
                document, given or {}, context, str(self.folder), continue_on_step_failure=goes_on
            )
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HERE": str(folder)}
        whole = {"environment": environment, "grace": PATIENCE, **options}
        self.run = Run(NAME, plan, self.folder, report=self._report, **whole)

    def _report(self, what: StepReport | RunReport) -> None:
        self.reports.append(what)
        if self._on_report is not None:
            self._on_report(self, what)

    def execute(self) -> Ran:
        thread = threading.Thread(target=self.run.execute)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive(), self.reports
        return self

    @property
    def end(self) -> tuple[str, str | None]:
        last = self.reports[-1]
        assert isinstance(last, RunReport)
        assert last.run == NAME
        return last.status, last.message

    @property
    def order(self) -> list[str]:
        return [f"{one.step} {one.status}" for one in self.steps]

    @property
    def steps(self) -> list[StepReport]:
        return [one for one in self.reports if isinstance(one, StepReport)]

    def last(self, step: str) -> tuple[str, int | None, str | None]:
        report = [one for one in self.steps if one.step == step][-1]
        return report.status, report.exit_code, report.message

    def log(self, step: str) -> str:
        return log_path(self.folder, step).read_text()


def ran(folder: Path, job: str, **options: Any) -> Ran:
    return Ran(folder, job, **options).execute()


# ---------------------------------------------------------------------------------------- order


CHAIN = """
jobs:
  c:
    command: cat ${{inputs.x}}/text; echo c
    inputs: {x: "${{parent.jobs.b.outputs.o}}"}
  b:
    command: (cat ${{inputs.x}}/text; echo b) > ${{outputs.o}}/text
    inputs: {x: "${{parent.jobs.a.outputs.o}}"}
    outputs: {o: }
  a:
    command: echo a > ${{outputs.o}}/text
    outputs: {o: }
"""


def test_steps_wait_for_what_they_need(tmp_path: Path) -> None:
    done = ran(tmp_path, CHAIN)
    assert done.end == ("Completed", None)
    assert done.order == [
        *("a Running", "a Completed", "b Running", "b Completed", "c Running", "c Completed"),
    ]
    assert done.log("c") == "a\nb\nc\n"
    assert {one.exit_code for one in done.steps} == {None, 0}
    assert [one.at for one in done.reports] == sorted(one.at for one in done.reports)
    assert all(one.at.tzinfo is not None for one in done.reports)


def test_steps_that_need_nothing_run_at_once(tmp_path: Path) -> None:
    """Each waits for the other's file: one after the other they would never end."""
    done = ran(
        tmp_path,
        f"""
        jobs:
          a: {{command: "touch $HERE/a; {UNTIL.format("b")}"}}
          b: {{command: "touch $HERE/b; {UNTIL.format("a")}"}}
        """,
    )
    assert done.end == ("Completed", None)
    assert done.order[:2] == ["a Running", "b Running"]


def test_a_step_starts_as_soon_as_it_can(tmp_path: Path) -> None:
    """Though another one, which it does not need, still runs."""
    done = ran(
        tmp_path,
        f"""
        jobs:
          slow: {{command: "{UNTIL.format("c")}"}}
          a: {{command: ls, outputs: {{o: }}}}
          c:
            command: touch $HERE/c
            inputs: {{x: "${{{{parent.jobs.a.outputs.o}}}}"}}
        """,
    )
    assert done.end == ("Completed", None)
    assert done.order.index("c Running") < done.order.index("slow Completed")


def test_azure_s_sample(tmp_path: Path) -> None:
    sample = SAMPLES / "simple-pipeline-job.yml"
    if not sample.exists():
        pytest.skip("needs the samples beside this repository, in ../shared/corpus")
    done = ran(tmp_path, sample.read_text())
    assert done.end == ("Completed", None)
    written = done.folder / "outputs" / "b" / "world_output"
    assert done.log("a") == "hello hello world\n"
    assert done.log("b") == ""
    assert (written / "world.txt").read_text() == "world\n"
    assert done.log("c") == f"{written}/world.txt\n"
    overridden = ran(
        tmp_path,
        sample.read_text(),
        runs=tmp_path / "others",
        given={"hello_string_top_level_input": "${{name}}"},
    )
    assert overridden.log("a") == f"hello {NAME}\n"


def test_outputs_of_the_pipeline_and_files(tmp_path: Path) -> None:
    done = ran(
        tmp_path,
        """
        outputs: {model: }
        jobs:
          a:
            command: echo a > ${{outputs.m}}/weights; echo b > ${{outputs.f}}
            outputs: {m: "${{parent.outputs.model}}", f: {type: uri_file}}
        """,
    )
    assert done.end == ("Completed", None)
    assert (done.folder / "pipeline_outputs" / "model" / "weights").read_text() == "a\n"
    assert (done.folder / "outputs" / "a" / "f").read_text() == "b\n"


# -------------------------------------------------------------------------------------- failures


BROKEN = f"""
jobs:
  a: {{command: "{UNTIL.format("long")}; exit 3", outputs: {{o: }}}}
  after:
    command: ls
    inputs: {{x: "${{{{parent.jobs.a.outputs.o}}}}"}}
    outputs: {{o: }}
  after_that: {{command: ls, inputs: {{x: "${{{{parent.jobs.after.outputs.o}}}}"}}}}
  long:
    command: touch $HERE/long; {{}}
    outputs: {{o: }}
  last: {{command: ls, inputs: {{x: "${{{{parent.jobs.long.outputs.o}}}}"}}}}
"""


def test_others_go_on_when_a_step_fails(tmp_path: Path) -> None:
    def let_go(done: Ran, what: StepReport | RunReport) -> None:
        if isinstance(what, StepReport) and what.status == "Failed":
            (done.here / "go").touch()

    job = BROKEN.replace("{}", UNTIL.format("go"))
    done = ran(tmp_path, job, goes_on=True, on_report=let_go)
    assert done.end == ("Failed", "failed: a")
    assert done.order == [
        *("a Running", "long Running", "a Failed", "after Skipped", "after_that Skipped"),
        *("long Completed", "last Running", "last Completed"),
    ]
    assert done.last("a") == ("Failed", 3, "exit code 3")
    assert done.last("after") == ("Skipped", None, "it needs a")
    assert done.last("after_that") == ("Skipped", None, "it needs after")


def test_others_are_canceled_when_a_step_fails(tmp_path: Path) -> None:
    done = ran(tmp_path, BROKEN.replace("{}", "sleep 1000"), goes_on=False)
    assert done.end == ("Failed", "failed: a")
    assert done.last("a") == ("Failed", 3, "exit code 3")
    assert done.last("long") == ("Canceled", -15, "canceled: another step failed")
    assert done.last("after") == ("Skipped", None, "it needs a")
    assert done.last("last") == ("Skipped", None, "a failed")


def test_a_step_that_is_about_to_start_when_another_fails(tmp_path: Path) -> None:
    """Its code is still being copied: it is not there yet to be ended."""

    def fail(done: Ran, what: StepReport | RunReport) -> None:
        if isinstance(what, StepReport) and what.status == "Running":
            done.run._stop("canceled: another step failed")

    done = ran(tmp_path, "jobs: {a: {command: touch $HERE/ran}}", on_report=fail)
    assert done.last("a") == ("Canceled", None, "canceled: another step failed")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("no-such-command", 127, "exit code 127 (the command was not found)"),
        ("/etc/passwd", 126, "exit code 126 (the command cannot be run)"),
        ("exit 1", 1, "exit code 1"),
        ("kill -9 $$", -9, "ended by signal 9"),
    ],
)
def test_what_is_said_of_a_step_that_failed(
    tmp_path: Path, command: str, code: int, message: str
) -> None:
    done = ran(tmp_path, f"{{type: command, command: {command}}}")
    assert done.end == ("Failed", "failed: command")
    assert done.last("command") == ("Failed", code, message)


def test_a_timeout(tmp_path: Path) -> None:
    done = ran(tmp_path, "jobs: {a: {command: sleep 1000, limits: {timeout: 0.1}}}")
    assert done.last("a") == ("Failed", -15, "timed out after 0.1 s")
    assert done.end == ("Failed", "failed: a")


def test_inputs_that_are_too_long(tmp_path: Path) -> None:
    text = "{type: command, command: 'echo ${{inputs.x}}', inputs: {x: }}"
    done = ran(tmp_path, text, given={"x": "x" * (1 << 22)})
    why = "it cannot be started: its command or its inputs are too long"
    assert done.last("command") == ("Failed", None, why)


@pytest.mark.parametrize("code", [0, 1])
def test_a_log_that_is_not_whole_is_told(tmp_path: Path, code: int) -> None:
    """By a device that is always full in the place of the log."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    log = log_path(tmp_path / "runs" / "run", "a")
    log.parent.mkdir(parents=True)
    log.symlink_to("/dev/full")
    done = ran(tmp_path, f"jobs: {{a: {{command: echo a; exit {code}}}}}")
    note = "the log is not whole: the disk is full"
    status = ("Completed", 0, note) if code == 0 else ("Failed", 1, f"exit code 1; {note}")
    assert done.last("a") == status


# ---------------------------------------------------------------------------------------- cancel


WAITS = """
jobs:
  a: {command: touch $HERE/ready; sleep 1000, outputs: {o: }}
  b: {command: ls, inputs: {x: "${{parent.jobs.a.outputs.o}}"}}
"""


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_cancel(tmp_path: Path) -> None:
    made = Ran(tmp_path, WAITS)

    def cancel() -> None:
        until((tmp_path / "ready").exists)
        made.run.cancel("canceled by somebody")
        made.run.cancel("canceled by another")

    other = threading.Thread(target=cancel)
    other.start()
    made.execute()
    other.join(PATIENCE)
    assert made.end == ("Canceled", "canceled by somebody")
    assert made.last("a") == ("Canceled", -15, "canceled by somebody")
    assert made.last("b") == ("Skipped", None, "canceled by somebody")


def test_cancel_of_a_step_that_does_not_listen(tmp_path: Path) -> None:
    made = Ran(
        tmp_path,
        "jobs: {a: {command: \"trap '' TERM; touch $HERE/ready; sleep 1000\"}}",
        grace=0.1,
    )
    other = threading.Thread(
        target=lambda: (until((tmp_path / "ready").exists), made.run.cancel("enough"))
    )
    other.start()
    made.execute()
    other.join(PATIENCE)
    assert made.last("a") == ("Canceled", -9, "enough")


def test_cancel_before_it_begins(tmp_path: Path) -> None:
    made = Ran(tmp_path, WAITS)
    made.run.cancel("not wanted")
    made.execute()
    assert made.end == ("Canceled", "not wanted")
    assert made.order == ["a Skipped", "b Skipped"]


def test_cancel_while_a_step_begins(tmp_path: Path) -> None:
    def cancel(done: Ran, what: StepReport | RunReport) -> None:
        done.run.cancel("not wanted")

    done = ran(tmp_path, "jobs: {a: {command: touch $HERE/ran}}", on_report=cancel)
    assert done.end == ("Canceled", "not wanted")
    assert done.last("a") == ("Canceled", None, "not wanted")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("command", "end"),
    [("true", ("Completed", None)), ("false", ("Failed", "failed: a"))],
)
def test_cancel_that_comes_too_late(
    tmp_path: Path, command: str, end: tuple[str, str | None]
) -> None:
    """All that could be ended or skipped had ended by itself."""

    def cancel(done: Ran, what: StepReport | RunReport) -> None:
        if what.status in ("Completed", "Failed"):
            done.run.cancel("too late")

    job = f"""
    jobs:
      a: {{command: {command}, outputs: {{o: }}}}
      b: {{command: ls, inputs: {{x: "${{{{parent.jobs.a.outputs.o}}}}"}}}}
    """
    if command == "true":
        job = "jobs: {a: {command: 'true'}}"
    assert ran(tmp_path, job.replace("false", "'false'"), on_report=cancel).end == end


# ------------------------------------------------------------------------------------------ code


CODE = "jobs: {a: {command: 'cat text; echo changed > text; cat folder/more', code: ./src}}"


def test_code_is_copied(tmp_path: Path) -> None:
    write(tmp_path / "src", {"text": "text\n", "folder/more": "more\n"})
    done = ran(tmp_path, CODE, code=WorkingTree(tmp_path, tmp_path / "runs"))
    assert done.end == ("Completed", None)
    assert done.log("a") == "text\nmore\n"
    assert (tmp_path / "src" / "text").read_text() == "text\n"
    assert (done.folder / "steps" / "a" / "text").read_text() == "changed\n"


def test_code_that_is_a_file(tmp_path: Path) -> None:
    write(tmp_path, {"train.sh": "echo trained"})
    job = "jobs: {a: {command: sh train.sh, code: train.sh}}"
    assert ran(tmp_path, job, code=WorkingTree(tmp_path, tmp_path / "runs")).log("a") == "trained\n"


def test_no_code(tmp_path: Path) -> None:
    done = ran(
        tmp_path, "jobs: {a: {command: pwd; ls}}", code=WorkingTree(tmp_path, tmp_path / "runs")
    )
    assert done.log("a").splitlines() == [str(done.folder / "steps" / "a"), "logs", "outputs"]


def test_links_in_code(tmp_path: Path) -> None:
    """What they lead to is copied, so that a step cannot reach it; circles and pipes are not."""
    write(tmp_path, {"outside/text": "text\n", "outside/folder/more": "more\n"})
    source = tmp_path / "src"
    source.mkdir()
    (source / "text").symlink_to(tmp_path / "outside" / "text")
    (source / "folder").symlink_to("../outside/folder")
    (source / "here").symlink_to(".")
    (source / "above").symlink_to(tmp_path)
    (source / "nowhere").symlink_to("nothing")
    os.mkfifo(source / "pipe")
    done = ran(tmp_path, CODE, code=WorkingTree(tmp_path, tmp_path / "runs"))
    assert done.log("a") == "text\nmore\n"
    assert (tmp_path / "outside" / "text").read_text() == "text\n"
    assert sorted(os.listdir(done.folder / "steps" / "a")) == ["folder", "logs", "outputs", "text"]


def test_runs_inside_the_code_are_not_copied(tmp_path: Path) -> None:
    """`code: .`, with the workspace beside the job: a copy would hold itself."""
    write(tmp_path, {"text": "text\n", "runs/other/steps/text": "other\n"})
    done = ran(
        tmp_path,
        "jobs: {a: {command: find . -type f, code: .}}",
        code=WorkingTree(tmp_path, tmp_path / "runs"),
    )
    assert done.log("a") == "./text\n"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("./nothing", "No such file or directory ({}/./nothing)"),
        ('"a\\0b"', "embedded null byte"),
        ("./src", "[Errno 5] Input/output error ({}/./src/memory)"),
    ],
)
def test_code_that_cannot_be_copied(tmp_path: Path, code: str, why: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "memory").symlink_to("/proc/self/mem")
    done = ran(
        tmp_path,
        f"jobs: {{a: {{command: ls, code: {code}}}}}",
        code=WorkingTree(tmp_path, tmp_path / "runs"),
    )
    message = f"its folder cannot be made: {why.format(tmp_path)}"
    if "memory" in why:
        message = re.sub(r"\[Errno 5\].* \(", "[Errno 5] Input/output error (", message)
    status, code_of_exit, said = done.last("a")
    assert (status, code_of_exit) == ("Failed", None)
    assert said is not None
    assert re.sub(r"'.*'", "", said) == message


# --------------------------------------------------------------------------------------- folders


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    done = ran(tmp_path, "jobs: {a: {command: ls}}")
    why = f"its folder cannot be made: Not a directory ({done.folder})"
    assert done.last("a") == ("Failed", None, why)
    assert done.end == ("Failed", "failed: a")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that any user may enter; those of pytest are closed."""
    folder = Path(tempfile.mkdtemp(prefix="reconciler-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_that_may_not_be_written(open_folder: Path) -> None:
    """As another user, where tests run as root."""
    open_folder.chmod(0o555)
    with without_privileges():
        done = ran(open_folder, "jobs: {a: {command: ls}}")
    message = done.last("a")[2]
    assert message is not None
    assert message.startswith("its folder cannot be made: Permission denied (")
    assert done.end == ("Failed", "failed: a")


def test_an_output_that_cannot_be_made(tmp_path: Path) -> None:
    done = ran(tmp_path, "jobs: {a: {command: ls, outputs: {o: {path: /dev/null/o}}}}")
    why = "its folder cannot be made: Not a directory (/dev/null/o)"
    assert done.last("a") == ("Failed", None, why)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_of_our_own_does_not_leave_the_run_waiting(tmp_path: Path) -> None:
    wrong: Any = {"A": 1}
    plan = RunPlan((Step("a", "ls", wrong, {}), Step("b", "ls", {}, {})), {}, True)
    done = Ran(tmp_path, plan).execute()
    for thread in threading.enumerate():
        if thread.name == f"{NAME}/a":
            thread.join(PATIENCE)
    assert done.last("a") == ("Failed", None, "it could not be run, by an error of reconciler")
    assert done.last("b") == ("Completed", 0, None)


def test_words_of_an_error_without_a_file() -> None:
    assert _words(OSError(28, "No space left on device")) == "No space left on device"


def test_remove_run(tmp_path: Path) -> None:
    done = ran(tmp_path, CHAIN)
    remove_run(done.folder)
    assert not done.folder.exists()
    remove_run(done.folder)


def test_the_artifacts_of_a_step(tmp_path: Path) -> None:
    done = ran(
        tmp_path,
        """
        jobs:
          a: {command: echo world > outputs/w, outputs: {artifacts: }}
          b:
            command: cat ${{inputs.x}}/outputs/w
            inputs: {x: "${{parent.jobs.a.outputs.artifacts}}"}
        """,
    )
    assert done.log("b") == "world\n"


@pytest.mark.parametrize("readable_by", ["owner", "group"])
def test_no_umask_opens_what_a_run_is_kept_in(tmp_path: Path, readable_by: str) -> None:
    job = """
jobs:
  a:
    type: command
    command: echo 1
    outputs: {made: {type: uri_folder}}
"""
    before = os.umask(0)
    try:
        ran = Ran(tmp_path, job, readable_by=readable_by).execute()
    finally:
        os.umask(before)
    folders = [ran.folder, *(path for path in ran.folder.rglob("*") if path.is_dir())]
    assert len(folders) > 5
    modes = {oct(stat.S_IMODE(path.stat().st_mode)) for path in folders}
    assert modes == {"0o700" if readable_by == "owner" else "0o750"}
