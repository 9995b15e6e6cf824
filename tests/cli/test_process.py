"""The command in a process of its own: exit codes, terminals, pipes, odd surroundings."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import forks
import pytest
from helpers import CONFIG, command, declaration, environment, repository, run, write

COLOUR = "\x1b["


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path, "a", "b")


# ------------------------------------------------------------------------------------- exit codes


def test_exit_codes(repo: Path) -> None:
    def code(line: str, anew: bool = False) -> int:
        return run(repo, *line.split(), anew=anew).code

    assert code("plan") == 0
    assert code("plan --exit-code", anew=True) == 3
    assert code("plan --no-such-option") == 2
    assert code("apply --yes") == 0
    assert code("plan --exit-code") == 0
    write(repo, {"schedules/a.yaml": "name: ["})
    assert code("plan") == 1
    for name in "ab":
        (repo / f"schedules/{name}.yaml").unlink()
    assert code("plan") == 4
    assert code("apply --yes", anew=True) == 4


LEAVES = """\
import atexit, sys, types
atexit.register(print, "the long way", file=sys.stderr)  # what was there before it comes after it
sys.modules["temporalio.bridge"] = types.ModuleType("temporalio.bridge")
from reconciler.cli import main
main()
"""
"""A command that has loaded Temporal's client, as far as it can tell."""


def test_one_that_spoke_to_temporal_leaves_at_once(repo: Path) -> None:
    def left(arguments: str, redirected: str = "") -> tuple[int, str, str]:
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" -c "$1" {arguments} {redirected}', sys.executable, LEAVES],
            cwd=repo,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr

    plan = run(repo, "plan", "--exit-code")
    assert left("plan --exit-code") == (3, plan.out, "")
    for redirected in (">&-", "2>&-", ">&- 2>&-"):
        code, _, err = left("plan --exit-code", redirected)
        assert (code, err) == (3, "")
    assert left("plan", "> /dev/full")[0] == 1
    code, out, err = left("apply --yes")
    assert (code, err) == (0, "")
    assert out.endswith("2 created\n")
    assert not list(repo.glob("workspace.db-*"))  # SQLite had its time to put all into the file
    code, _, err = left("plan --no-such-option")
    assert code == 2
    assert "the long way" not in err


def test_without_a_terminal_nobody_is_asked(repo: Path) -> None:
    done = run(repo, "apply")
    assert (done.code, "2 created" in done.out) == (0, True)


def test_without_standard_streams(repo: Path) -> None:
    """A service manager, or `<&-` in a shell, may start us without them."""
    lines = ("plan", "apply", "plan --target nothing", "validate", "schedules list")
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        for line in lines if closed == ">&-" else lines[1:3]:
            shell = f'exec "$0" -m reconciler {line} {closed}'
            done = subprocess.run(
                ["sh", "-c", shell, sys.executable],
                cwd=repo,
                env=environment(),
                capture_output=True,
                timeout=60,
            )
            assert b"Traceback" not in done.stderr + done.stdout
            assert done.returncode == (1 if "nothing" in line else 0), (line, closed, done.stderr)


# ------------------------------------------------------------------------------------- a terminal


class Terminal:
    """A command at a pseudo-terminal."""

    def __init__(
        self, process: subprocess.Popen[bytes] | forks.Forked, mine: int, theirs: int
    ) -> None:
        self.process = process
        self.end = mine
        self.theirs: int | None = theirs
        self.text = ""

    def close_theirs(self) -> None:
        """Once the process has opened its end, ours of it only hides that it has ended."""
        if self.theirs is not None:
            os.close(self.theirs)
            self.theirs = None

    def read_until(self, wanted: str | None, *, pressing: str = "") -> str:
        """What is printed until `wanted` is; None: until the process ends."""
        while wanted is None or wanted not in self.text:
            ready, _, _ = select.select([self.end], [], [], 0.5 if pressing else 60)
            if not ready and pressing:
                os.write(self.end, pressing.encode())
                continue
            assert ready, self.text
            try:
                data = os.read(self.end, 65536)
            except OSError:  # Linux says so when the other end is closed
                data = b""
            if not data:
                assert wanted is None, self.text
                break
            self.close_theirs()
            self.text += data.decode()
        return self.text

    def answer(self, text: str) -> int:
        os.write(self.end, text.encode())
        # Ctrl-C between the question and the reading of the answer is heard at the next one only.
        self.read_until(None, pressing=text if text == "\x03" else "")
        return self.process.wait(60)


@contextmanager
def at_a_terminal(
    folder: Path, *args: str, program: list[str] | None = None, **env: str | None
) -> Iterator[Terminal]:
    """`program`: another than a fork of the command with `args`."""
    mine, theirs = pty.openpty()
    process: subprocess.Popen[bytes] | forks.Forked
    variables = environment(TERM="xterm", **env)
    if program is None and forks.reconciler().fits(variables):
        process = forks.Forked(
            forks.reconciler(),
            args,
            cwd=folder,
            env=variables,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            session=True,
        )
    else:
        # The first terminal that the leader of a session opens is the one whose Ctrl-C it hears.
        opened = 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>&1'
        process = subprocess.Popen(
            ["sh", "-c", opened, "sh", os.ttyname(theirs), *(program or command(*args))],
            cwd=folder,
            env=variables,
            start_new_session=True,
        )
    terminal = Terminal(process, mine, theirs)
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        terminal.close_theirs()
        os.close(mine)


@pytest.mark.parametrize("anew", [True, False], ids=["anew", "forked"])
def test_apply_asks_and_is_told_yes(repo: Path, anew: bool) -> None:
    program = [os.fsdecode(word) for word in command("apply")] if anew else None
    with at_a_terminal(repo, "apply", program=program) as terminal:
        assert "to create" in terminal.read_until("Apply these changes? [y/N]: ")
        assert not (repo / "workspace.db").exists()
        assert terminal.answer("y\n") == 0
        assert "2 created" in terminal.text
        assert COLOUR in terminal.text
    assert run(repo, "plan", "--exit-code").code == 0


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04", "\x03"])
def test_apply_asks_and_is_not_told_yes(repo: Path, answer: str) -> None:
    with at_a_terminal(repo, "apply") as terminal:
        terminal.read_until("Apply these changes? [y/N]: ")
        assert terminal.answer(answer) in (1, -2)
        assert "created" not in terminal.text
        assert "Traceback" not in terminal.text
    assert not (repo / "workspace.db").exists()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_a_revert_asks_too(repo: Path, answer: str, code: int) -> None:
    run(repo, "apply", "--yes")
    run(repo, "schedules", "disable", "a")
    with at_a_terminal(repo, "drift", "revert", "a") as terminal:
        assert "switched off live" in terminal.read_until("Apply these changes? [y/N]: ")
        assert terminal.answer(answer) == code
        assert ("1 updated" if code == 0 else "nothing was changed") in terminal.text
    assert run(repo, "drift", "--exit-code").code == (0 if code == 0 else 3)


def test_apply_does_not_ask_when_there_is_nothing_to_do_or_with_yes(repo: Path) -> None:
    with at_a_terminal(repo, "apply", "--yes") as terminal:
        terminal.read_until(None)
        assert terminal.process.wait(60) == 0
        assert "Apply these" not in terminal.text
    with at_a_terminal(repo, "apply") as terminal:
        terminal.read_until(None)
        assert terminal.process.wait(60) == 0
        assert "Apply these" not in terminal.text


@pytest.mark.parametrize(("args", "env"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})])
def test_no_colour_at_a_terminal(repo: Path, args: list[str], env: dict[str, str]) -> None:
    for name, code in (("plan", 0), ("status", 0)):
        with at_a_terminal(repo, name, *args, **env) as terminal:
            terminal.read_until(None)
            assert terminal.process.wait(60) == code
            assert COLOUR not in terminal.text
    with at_a_terminal(repo, "plan", "--target", "nothing", *args, **env) as terminal:
        terminal.read_until(None)
        assert "error:" in terminal.text
        assert COLOUR not in terminal.text


def test_no_colour_without_a_terminal(repo: Path) -> None:
    for line in ("plan", "status", "plan --target nothing", "apply --yes"):
        assert COLOUR not in run(repo, *line.split()).text


def test_applied_in_part(repo: Path) -> None:
    """What changed between the plan and the answer fails; the rest is done."""
    run(repo, "apply", "--yes")
    write(repo, {f"schedules/{name}.yaml": declaration(name, 5) for name in "abc"})
    with at_a_terminal(repo, "apply") as terminal:
        terminal.read_until("Apply these changes? [y/N]: ")
        run(repo, "schedules", "disable", "a")
        assert terminal.answer("y\n") == 5
        assert "local/a: it was changed after the plan was made" in terminal.text
        assert "1 created, 1 updated, 1 failed" in terminal.text
    assert run(repo, "apply").code == 0
    assert run(repo, "plan", "--exit-code").code == 0


def test_nothing_of_it_applied_is_an_error(repo: Path) -> None:
    run(repo, "apply", "--yes")
    write(repo, {"schedules/a.yaml": declaration("a", 5)})
    with at_a_terminal(repo, "apply") as terminal:
        terminal.read_until("Apply these changes? [y/N]: ")
        run(repo, "schedules", "disable", "a")
        assert terminal.answer("y\n") == 1


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_apply_asks_also_when_its_output_goes_elsewhere(
    repo: Path, tmp_path: Path, answer: str, code: int
) -> None:
    """The question, and the plan it is about, stand where the person looks."""
    for form in ("json", "text"):
        printed = tmp_path / f"printed.{form}"
        line = f'exec "$0" -m reconciler apply --format {form} >"{printed}"'
        with at_a_terminal(repo, program=["sh", "-c", line, sys.executable]) as terminal:
            assert "2 to create" in terminal.read_until("Apply these changes? [y/N]: ")
            assert terminal.answer(answer) == code
        assert (repo / "workspace.db").exists() is (code == 0)
        done = '"outcome": "created"' if form == "json" else "2 created"
        assert (done in printed.read_text()) is (code == 0)
        for path in repo.glob("workspace.db*"):
            path.unlink()


# ------------------------------------------------------------------------------------------- pipes


def many(repo: Path) -> None:
    text = "---\n".join(declaration(f"s{n:04}", description="x" * 200) for n in range(1000))
    write(repo, {"schedules/many.yaml": text})


@pytest.mark.parametrize("line", ["plan", "plan --format json", "explain", "schema", "--help"])
def test_a_reader_that_leaves(repo: Path, line: str) -> None:
    """`reconciler plan | head -1`."""
    many(repo)
    process = subprocess.Popen(
        command(*line.split()),
        cwd=repo,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) in (0, 1)


def test_a_reader_that_leaves_does_not_stop_an_apply(repo: Path) -> None:
    many(repo)
    process = subprocess.Popen(
        command("apply", "--yes"),
        cwd=repo,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for line in process.stdout:
        if line.startswith(b"created"):
            break
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(60)
    done = run(repo, "plan", "--exit-code")
    assert (done.code, done.out) == (0, "local: nothing to change, 1,002 unchanged\n")


# --------------------------------------------------------------------------------- what is loaded


@pytest.mark.parametrize("line", ["--help", "--version", "completion bash", "plan --help"])
def test_what_is_heavy_is_not_loaded_to_help(line: str) -> None:
    heavy = {"jsonschema", "jsonschema_rs", "deepdiff", "requests", "sqlite3", "yaml"}
    if line.startswith("--"):
        heavy |= {"json", "zoneinfo", "reconciler.config", "reconciler.model"}
    if line == "plan --help":
        heavy -= {"sqlite3", "yaml"}
    program = (
        "import sys\n"
        "from reconciler.cli import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as exit:\n"
        "    assert not exit.code\n"
        f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *line.split()],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == "[]\n"
    assert done.stdout


def test_the_version() -> None:
    from reconciler import __version__

    assert run(None, "--version").out == f"reconciler {__version__}\n"


# ------------------------------------------------------------------------------------- same bytes


@pytest.mark.parametrize(
    "processes", [12, pytest.param(100, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_the_same_plan_is_the_same_bytes(repo: Path, processes: int) -> None:
    """Processes, each with another seed of the hashes of text."""
    tags = "{" + ", ".join(f"t{n}: v{n}" for n in range(20)) + "}"
    names = [f"s{n:02}" for n in range(12)]
    write(repo, {f"schedules/{n}.yaml": declaration(n, tags=tags) for n in names})
    run(repo, "apply", "--yes")
    changed = "{" + ", ".join(f"t{n}: w{n}" for n in range(10, 30)) + "}"
    write(repo, {f"schedules/{n}.yaml": declaration(n, 3, tags=changed) for n in names[:6]})
    (repo / f"schedules/{names[-1]}.yaml").unlink()
    write(repo, {"schedules/new.yaml": declaration("new", tags=tags)})

    def plan(seed: int) -> str:
        form = "json" if seed % 2 else "text"
        env = environment(PYTHONHASHSEED=str(seed))
        done = run(repo, "plan", "--format", form, "--exit-code", env=env)
        assert done.code == 3, done.text
        # Each is made at another moment, and says what fires from there on; with `now` given, the
        # whole texts are those of tests/plans, under whatever seed pytest runs.
        if form == "json":
            return re.sub(r'(?m)^( +)"impact": \{.*?^\1\}', "", done.out, flags=re.DOTALL)
        return re.sub(r"(?m)^ *(fires|runs a day|busier).*", "", done.out)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(plan, range(processes)))
    assert len(set(found[0::2])) == 1
    assert len(set(found[1::2])) == 1
    assert re.search("1 to create, 6 to update, 1 to disable, 7 unchanged", found[0])


# --------------------------------------------------------------------------------- odd surroundings


LINES = ("validate", "plan", "apply --yes", "status", "schedules list", "pipelines show job")
SOME_LINES = pytest.mark.parametrize(
    "lines",
    [LINES[:3:2], pytest.param(LINES, marks=pytest.mark.torture)],
    ids=["brief", "torture"],
)


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C"},
        {"PYTHONUTF8": "0", "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
        {"HOME": None, "USER": None, "LOGNAME": None, "PATH": ""},
        {"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "TERM": "dumb", "COLUMNS": "1"},
        {"NO_COLOR": "1", "FORCE_COLOR": "1", "COLUMNS": "not a number"},
        {"TZ": "Nowhere/Nothing", "PYTHONHASHSEED": "7"},
        {"RECONCILER_ACTOR": "\udcff\x1b[31m"},
        {"RECONCILER_ACTOR": "", "GITHUB_ACTOR": "", "GITLAB_USER_LOGIN": "x" * 100_000},
    ],
    ids=lambda env: next(iter(env)),
)
def test_odd_environments(repo: Path, env: dict[str, str | None]) -> None:
    write(repo, {"schedules/a.yaml": declaration("a", description="夜間 é")})
    for line in LINES:
        done = run(repo, *line.split(), env=environment(**env), anew=line.startswith("apply"))
        assert done.code == 0, done.text


def test_a_user_without_a_name(repo: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may be another user")
    # Its own user for those who ask, root's rights: the interpreter may stand where it alone reads.
    program = "import os; os.setresuid(54321, 0, 0); from reconciler.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "apply", "--yes"],
        cwd=repo,
        env=environment(USER=None, LOGNAME=None, HOME=None, USERNAME=None, LNAME=None),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "by 54321@" in run(repo, "schedules", "show", "a").out


@SOME_LINES
def test_a_working_folder_that_is_gone(tmp_path: Path, lines: Sequence[str]) -> None:
    others = ("plan --config x", "init", "init x", "pipelines publish x", "validate x")
    for line in (*lines, *others):
        gone = tmp_path / "gone"
        gone.mkdir()
        shell = f'rmdir "{gone}" && exec "$0" -m reconciler {line}'
        done = run_shell(gone, shell)
        assert done.returncode == 1, line
        assert done.stderr == b"error: the working folder does not exist any more\n", line
    gone = tmp_path / "gone"
    gone.mkdir()
    assert run_shell(gone, f'rmdir "{gone}" && exec "$0" -m reconciler --help').returncode == 0


def run_shell(folder: Path, line: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-c", line, sys.executable],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "workspace",
    ["schedules", ".", "schedules/a.yaml", "schedules/a.yaml/w.db", "/dev/null", "x" * 300],
)
def test_a_workspace_where_none_can_be(repo: Path, workspace: str) -> None:
    write(repo, {"reconciler.yaml": CONFIG.replace("workspace.db", workspace)})
    for line in ("plan", "apply --yes", "status", "schedules list", "pipelines list"):
        done = run(repo, *line.split())
        assert done.code == 1
        assert re.match(r"error: list( pipelines)?: .* cannot be used: ", done.err), done.err


@pytest.mark.parametrize("workspace", [r'"a\0b"', '""', "[x]", "5"])
def test_a_workspace_that_is_no_path(repo: Path, workspace: str) -> None:
    write(repo, {"reconciler.yaml": CONFIG.replace("workspace.db", workspace)})
    assert run(repo, "plan").code == 1


ODD: list[str | bytes] = ["", " ", b"\xff", "\x1b[31m\n", "x" * 100_000, "/", "..", "-", "夜"]


@pytest.mark.parametrize(
    "odd",
    [pytest.param(o, marks=pytest.mark.torture if o in ("/", "..", "-") else ()) for o in ODD],
    ids=range(len(ODD)),
)
def test_odd_arguments(repo: Path, odd: str | bytes) -> None:
    for line in (
        ["validate"],
        ["plan", "--target"],
        ["plan", "--config"],
        ["plan", "--adopt"],
        ["plan", "--format"],
        ["schedules", "show"],
        ["schedules", "disable"],
        ["pipelines", "show"],
        ["pipelines", "publish"],
        ["explain"],
        ["schema"],
        ["completion"],
        ["init", "--"],
        [],
    ):
        if line == ["init", "--"] and odd in ("", " ", b"\xff", "/", "..", "-", "夜", "\x1b[31m\n"):
            continue  # a folder like any other, where a repository may be made
        done = run(repo, *line, odd, anew=line == ["plan", "--config"])
        assert done.code in (0, 1, 2), (line, done.text)
        assert "\x1b" not in done.text, line


@SOME_LINES
def test_odd_folders(tmp_path: Path, lines: Sequence[str]) -> None:
    """A repository may lie anywhere."""
    for name in (b"\xff", b" ", "夜\n\x1b[31m".encode(), b"-"):
        folder = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
        folder.mkdir()
        repository(folder, "a")
        for line in (*lines, "plan --target nothing", "init"):
            done = run(folder, *line.split(), anew=line == "apply --yes")
            assert done.code == (1 if line.endswith(("nothing", "init")) else 0), done.text
            assert "\x1b" not in done.text
