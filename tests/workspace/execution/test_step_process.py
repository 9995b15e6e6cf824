"""One step as a process: real shells, real signals, real disks."""

from __future__ import annotations

import os
import platform
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.workspace.execution import supervisor
from reconciler.workspace.execution.process_search import environment_of
from reconciler.workspace.execution.step_children import Direct, nothing_escapes
from reconciler.workspace.execution.step_process import Ended, StepProcess

PATIENCE = 60.0
"""Seconds; only a test that fails waits for so long."""
ENVIRONMENT = {"PATH": os.environ.get("PATH", "/usr/bin:/bin")}
FOREVER = "sleep 1000"


def made(folder: Path, script: str, **options: Any) -> StepProcess:
    whole = {"log": folder / "log", "environment": ENVIRONMENT, "grace": PATIENCE, **options}
    return StepProcess(script, folder=folder, **whole)


def run(folder: Path, script: str, **options: Any) -> Ended:
    return made(folder, script, **options).run()


def log(folder: Path) -> str:
    return (folder / "log").read_text("utf-8")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def end_when(process: StepProcess, ready: Path, reason: str = "canceled") -> Ended:
    """Run it, and end it once the file `ready` is there."""

    def end() -> None:
        until(ready.exists)
        process.end(reason)

    other = threading.Thread(target=end)
    other.start()
    ended = process.run()
    other.join(PATIENCE)
    return ended


def is_alive(process: int) -> bool:
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def is_gone(process: int) -> bool:
    """One that was killed takes an instant to die."""
    until(lambda: not is_alive(process))
    return True


def number_in(path: Path) -> int:
    return int(path.read_text())


# ------------------------------------------------------------------------------------- by itself


def test_output_and_exit_code(tmp_path: Path) -> None:
    assert run(tmp_path, "echo out; echo err >&2; pwd; cat; exit 3") == Ended(3)
    assert log(tmp_path) == f"out\nerr\n{tmp_path}\n"


def test_the_log_is_appended_to(tmp_path: Path) -> None:
    run(tmp_path, "echo one")
    run(tmp_path, "echo two")
    assert log(tmp_path) == "one\ntwo\n"


def test_it_has_the_environment_and_no_other(tmp_path: Path) -> None:
    assert run(tmp_path, 'echo "$A|$HOME|"', environment={"A": "it's\n$x"}) == Ended(0)
    assert log(tmp_path) == "it's\n$x||\n"


@pytest.mark.parametrize(
    ("script", "code", "printed"),
    [
        ("no-such-command", 127, "no-such-command: command not found"),
        ("/no/such/command", 127, "No such file or directory"),
        ("/etc/passwd", 126, "Permission denied"),
        ("echo 'unclosed", 2, "unexpected EOF"),
        ("kill -USR1 $$", -signal.SIGUSR1, ""),
    ],
)
def test_commands_that_fail(tmp_path: Path, script: str, code: int, printed: str) -> None:
    assert run(tmp_path, script) == Ended(code)
    assert printed in log(tmp_path)


def test_the_first_shell_that_is_there(tmp_path: Path) -> None:
    assert run(tmp_path, "echo $0", shells=("/nowhere/bash", "/bin/sh")) == Ended(0)
    assert log(tmp_path) == "/bin/sh\n"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"shells": ("/nowhere/bash",)}, "No such file or directory: /nowhere/bash"),
        ({"folder": Path("/no/folder")}, "No such file or directory: /no/folder"),
        ({"environment": {"A": "a" * (1 << 22)}}, "its command or its inputs are too long"),
        ({"environment": {"A": "a\0b"}}, "its command or an input holds a NUL character"),
        ({"environment": {"A": "\ud800"}}, "its command or an input holds what is no text"),
        ({"script": "echo \0"}, "its command or an input holds a NUL character"),
    ],
)
def test_it_cannot_be_started(tmp_path: Path, options: dict[str, Any], why: str) -> None:
    whole = {"script": "true", "folder": tmp_path, "environment": ENVIRONMENT, **options}
    ended = StepProcess(log=tmp_path / "log", **whole).run()
    assert ended == Ended(None, f"it cannot be started: {why}")


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run(tmp_path, "touch ran", log=tmp_path / "file" / "log")
    assert ended == Ended(None, "its log cannot be written: Not a directory")
    assert not (tmp_path / "ran").exists()


# --------------------------------------------------------------------------------------- its log


def test_a_gibibyte_of_output(tmp_path: Path) -> None:
    """The log is capped, the process goes on, and none of it is kept in memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limit = 1 << 20
    ended = run(tmp_path, "head -c 1073741824 /dev/zero; touch after; exit 4", log_limit=limit)
    note = "output past 1,048,576 bytes is not kept"
    assert ended == Ended(4, log_note=note)
    assert (tmp_path / "after").exists()
    assert (tmp_path / "log").stat().st_size == limit + len(f"\n[{note}]\n")
    assert (tmp_path / "log").read_bytes().endswith(f"\0\n[{note}]\n".encode())
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 32  # MiB


def test_output_up_to_the_limit(tmp_path: Path) -> None:
    assert run(tmp_path, "echo abc", log_limit=4) == Ended(0)
    assert log(tmp_path) == "abc\n"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if sys.platform == "darwin" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(small_disk: Path, tmp_path: Path) -> None:
    script = f"head -c 1000000 /dev/zero; touch {tmp_path}/after"
    ended = StepProcess(
        script, folder=tmp_path, log=small_disk / "log", environment=ENVIRONMENT
    ).run()
    assert ended == Ended(0, log_note="the log is not whole: the disk is full")
    assert (tmp_path / "after").exists()
    assert (small_disk / "log").stat().st_size == 64 * 1024


LIMITED = """
import os, resource, sys
from pathlib import Path
from reconciler.workspace.execution.step_process import StepProcess
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
script = "head -c 1000000 /dev/zero; touch after"
here = Path.cwd()
print(StepProcess(script, folder=here, log=here / "log", environment=os.environ).run())
"""


def test_a_log_that_may_not_grow(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    expected = Ended(0, log_note="the log is not whole: File too large")
    assert (done.stdout, done.stderr) == (f"{expected}\n", "")
    assert (tmp_path / "after").exists()
    assert (tmp_path / "log").stat().st_size == 5000


# ---------------------------------------------------------------------------------------- its end


def test_it_is_told_to_end(tmp_path: Path) -> None:
    process = made(tmp_path, f"touch ready; {FOREVER}")
    assert end_when(process, tmp_path / "ready") == Ended(-signal.SIGTERM, "canceled")


def test_it_may_end_in_its_own_way(tmp_path: Path) -> None:
    script = "trap 'echo bye; exit 3' TERM; touch ready; while :; do sleep 0.01; done"
    assert end_when(made(tmp_path, script), tmp_path / "ready") == Ended(3, "canceled")
    assert log(tmp_path).endswith("bye\n")


def test_one_that_does_not_listen_is_made_to_end(tmp_path: Path) -> None:
    process = made(tmp_path, f"trap '' TERM; touch ready; {FOREVER}", grace=0.1)
    assert end_when(process, tmp_path / "ready") == Ended(-signal.SIGKILL, "canceled")


@pytest.mark.parametrize("output", ["", ">/dev/null 2>&1"])
def test_what_it_started_has_the_grace_time_too(tmp_path: Path, output: str) -> None:
    """A shell is ended by SIGTERM at once, before the program that it waits for."""
    trap = "trap 'sleep 0.2; touch saved; exit' TERM; touch ready; while :; do sleep 0.01; done"
    process = made(tmp_path, f'bash -c "{trap}" {output}; echo never')
    assert end_when(process, tmp_path / "ready") == Ended(-signal.SIGTERM, "canceled")
    assert (tmp_path / "saved").exists()
    assert "never" not in log(tmp_path)


def test_what_it_started_is_made_to_end(tmp_path: Path) -> None:
    inner = "trap '' TERM; echo \\$\\$ > pid; touch ready; while :; do sleep 1; done"
    process = made(tmp_path, f'bash -c "{inner}"; echo never', grace=0.1)
    assert end_when(process, tmp_path / "ready") == Ended(-signal.SIGTERM, "canceled")
    assert is_gone(number_in(tmp_path / "pid"))


def test_a_group_of_its_own_is_told_to_end_as_well(tmp_path: Path) -> None:
    """`timeout` leaves the group of the shell that waits for it."""
    trap = "trap 'touch saved; exit' TERM; touch ready; while :; do sleep 0.01; done"
    process = made(tmp_path, f'timeout 1000 bash -c "{trap}"; echo never')
    assert end_when(process, tmp_path / "ready") == Ended(-signal.SIGTERM, "canceled")
    assert (tmp_path / "saved").exists()


def test_a_timeout(tmp_path: Path) -> None:
    ended = run(tmp_path, f"echo begun; {FOREVER}", timeout=0.2)
    assert ended == Ended(-signal.SIGTERM, "timed out after 0.2 s")


def test_a_timeout_that_is_not_reached(tmp_path: Path) -> None:
    assert run(tmp_path, "true", timeout=1e15) == Ended(0)


def test_a_step_that_has_closed_its_output_is_waited_for(tmp_path: Path) -> None:
    script = "exec >&- 2>&-; touch ready; until [ -e go ]; do sleep 0.01; done; exit 5"
    process = made(tmp_path, script)

    def let_go() -> None:
        until((tmp_path / "ready").exists)
        (tmp_path / "go").touch()

    other = threading.Thread(target=let_go)
    other.start()
    assert process.run() == Ended(5)
    other.join(PATIENCE)


def test_the_first_reason_stays(tmp_path: Path) -> None:
    process = made(tmp_path, f"trap '' TERM; touch ready; {FOREVER}", grace=0.1)

    def end() -> None:
        until((tmp_path / "ready").exists)
        process.end("first")
        process.end("second")

    other = threading.Thread(target=end)
    other.start()
    assert process.run() == Ended(-signal.SIGKILL, "first")
    other.join(PATIENCE)


def test_ended_before_it_was_started(tmp_path: Path) -> None:
    process = made(tmp_path, "touch ran")
    process.end("canceled")
    assert process.run() == Ended(None, "canceled")
    assert not (tmp_path / "ran").exists()


def test_ended_after_it_has_ended(tmp_path: Path) -> None:
    process = made(tmp_path, "true")
    assert process.run() == Ended(0)
    process.end("too late")


# -------------------------------------------------------------------------------- what it leaves


LEAVES = "bash -c 'echo $$ > pid; exec sleep 1000' & until [ -s pid ]; do sleep 0.01; done"


@pytest.mark.parametrize(
    "script",
    [
        LEAVES,
        LEAVES.replace("&", ">/dev/null 2>&1 &", 1),
        f"set -m; {LEAVES}",
        f"setsid {LEAVES}",
        f"setsid nohup {LEAVES}".replace("&", ">/dev/null 2>&1 &", 1),
        f"(setsid {LEAVES})",
        f"trap '' TERM HUP; {LEAVES}",
    ],
)
def test_what_it_leaves_behind_is_ended(tmp_path: Path, script: str) -> None:
    assert run(tmp_path, f"{script}\necho done") == Ended(0)
    assert is_gone(number_in(tmp_path / "pid"))
    assert log(tmp_path).endswith("done\n")


HIDES = (
    "env -i PATH=$PATH setsid bash -c 'echo $$ > pid; {}' & until [ -s pid ]; do sleep 0.01; done"
)
"""A session of its own and an empty environment."""
only_linux = pytest.mark.skipif(not nothing_escapes(), reason="needs a subreaper")


@only_linux
@pytest.mark.parametrize("goes_on", ["exec sleep 1000", "exec yes", "yes > /dev/null"])
def test_who_hides_ends_with_its_step(tmp_path: Path, goes_on: str) -> None:
    ended = run(tmp_path, HIDES.format(goes_on), log_limit=1000)
    assert (ended.exit_code, ended.reason, ended.left_note) == (0, None, None)
    assert is_gone(number_in(tmp_path / "pid"))


@only_linux
def test_who_hides_ends_with_the_time_of_its_step(tmp_path: Path) -> None:
    ended = run(tmp_path, HIDES.format("exec sleep 1000") + f"; {FOREVER}", timeout=0.5)
    assert ended == Ended(-signal.SIGTERM, "timed out after 0.5 s")
    assert is_gone(number_in(tmp_path / "pid"))


@only_linux
def test_a_daemon_of_a_daemon_ends_too(tmp_path: Path) -> None:
    """Each generation leaves the one before, and its parent has ended."""
    (tmp_path / "last").write_text("echo $$ > pid; exec sleep 1000")
    (tmp_path / "middle").write_text("(env -i PATH=$PATH setsid bash last &) & exit")
    script = "env -i PATH=$PATH setsid bash middle"
    assert run(tmp_path, f"{script}; until [ -s pid ]; do sleep 0.01; done") == Ended(0)
    assert is_gone(number_in(tmp_path / "pid"))


@only_linux
def test_what_could_not_be_ended_is_said(tmp_path: Path) -> None:
    """Who ends its own supervisor is beyond it."""
    ended = run(tmp_path, "kill -9 $PPID; exec sleep 1000")
    assert ended == Ended(-9, None, None, "what it started may be left: its supervisor was ended")


ENGINE = """
import os
from pathlib import Path
from reconciler.workspace.execution.step_process import StepProcess
here = Path.cwd()
StepProcess(SCRIPT, folder=here, log=here / "log", environment=os.environ).run()
"""


@only_linux
def test_who_hides_ends_with_an_engine_that_is_killed(tmp_path: Path) -> None:
    script = HIDES.format("exec sleep 1000") + f"; touch ready; {FOREVER}"
    with subprocess.Popen(
        [sys.executable, "-c", ENGINE.replace("SCRIPT", repr(script))], cwd=tmp_path
    ) as engine:
        until((tmp_path / "ready").exists)
        engine.kill()
    assert is_gone(number_in(tmp_path / "pid"))


@only_linux
def test_who_stops_its_supervisor_ends_with_its_time(tmp_path: Path) -> None:
    """And not when somebody looks after it."""
    ended = run(tmp_path, f"kill -STOP $PPID; {FOREVER}", timeout=0.3)
    assert ended == Ended(-signal.SIGTERM, "timed out after 0.3 s")
    ended = run(tmp_path, "kill -STOP $PPID; exit 3", timeout=0.3)
    assert (ended.exit_code, ended.left_note) == (3, None)
    again = "trap '' TERM; while :; do kill -STOP $PPID; done"
    ended = run(tmp_path, again, timeout=0.3, grace=0.1)
    assert ended == Ended(-signal.SIGKILL, "timed out after 0.3 s")


@only_linux
def test_a_supervisor_imports_next_to_nothing() -> None:
    """One is started for each step: `signal` and `ctypes` alone take as long as Python itself."""
    program = """
import sys
path = sys.argv[1]
made = {"__name__": "supervisor"}
exec(compile(open(path).read(), path, "exec"), made)
assert made["become_subreaper"]()
print({"signal", "ctypes", "enum", "contextlib", "re", "subprocess"} & set(sys.modules))
assert made["_by_ctypes"]((made["SET_CHILD_SUBREAPER"], 1, 0, 0, 0))
"""
    command = [sys.executable, "-I", "-S", "-c", program, supervisor.__file__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


REFUSED = """
import ctypes, platform, struct
number = {"x86_64": 157, "aarch64": 167}[platform.machine()]  # prctl
EQUALS, LOAD, RETURN = 0x15, 0x20, 0x06
program = b"".join(
    struct.pack("HBBI", *one)
    for one in [
        (LOAD, 0, 0, 0),                     # the number of the call
        (EQUALS, 0, 3, number),
        (LOAD, 0, 0, 16),                    # its first argument
        (EQUALS, 0, 1, 36),                  # PR_SET_CHILD_SUBREAPER
        (RETURN, 0, 0, 0x00050000 | 1),      # EPERM
        (RETURN, 0, 0, 0x7FFF0000),          # any other is let through
    ]
)
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0       # PR_SET_NO_NEW_PRIVS
kept = Filter(len(program) // 8, program)
assert libc.prctl(22, 2, ctypes.byref(kept), 0, 0) == 0, ctypes.get_errno()  # PR_SET_SECCOMP
"""
"""A sandbox in which nobody becomes a subreaper."""


@only_linux
@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64"), reason="the filter knows no other machine"
)
def test_a_supervisor_that_is_no_subreaper_says_so(tmp_path: Path) -> None:
    script = f"setsid {LEAVES}; exit 4"
    engine = REFUSED + ENGINE.replace("SCRIPT", repr(script)).replace(
        "StepProcess(", "print(StepProcess("
    )
    engine = engine.replace(").run()", ").run())")
    done = subprocess.run(
        [sys.executable, "-c", engine], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    note = "what it started may be left: its supervisor is no subreaper (prctl failed)"
    assert done.stdout.strip() == str(Ended(4, None, None, note))
    # What has the mark of the step is found and ended all the same.
    assert is_gone(number_in(tmp_path / "pid"))


def test_without_a_supervisor(tmp_path: Path) -> None:
    """As where there are no subreapers: the process group, and what carries the mark."""
    mark = ("RECONCILER_TEST_MARK", str(tmp_path))
    script = f"setsid {LEAVES}; exit 4"
    environment = {**ENVIRONMENT, mark[0]: mark[1]}
    child = Direct(["/bin/bash", "-c", script], mark, tmp_path, environment)
    with child.stdout:
        os.read(child.status, 1)
        child.signal(signal.SIGKILL)
        until(lambda: not child.left())
    assert child.close() == 4
    assert is_gone(number_in(tmp_path / "pid"))


def test_output_of_what_is_left_behind_is_whole(tmp_path: Path) -> None:
    """What was printed before the end is kept, also of a process that is ended."""
    script = "bash -c 'seq 5000; touch ready; exec sleep 1000' & until [ -e ready ]; do :; done"
    assert run(tmp_path, script) == Ended(0)
    assert log(tmp_path).splitlines() == [str(number) for number in range(1, 5001)]


@pytest.mark.skipif(sys.platform == "darwin", reason="needs /proc")
def test_the_environment_of_other_processes() -> None:
    with subprocess.Popen(["sleep", "1000"], env={}) as bare:
        assert environment_of(Path(f"/proc/{bare.pid}")) == b""
        bare.kill()
        os.waitid(os.P_PID, bare.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(OSError, match="No such"):  # a zombie
            environment_of(Path(f"/proc/{bare.pid}"))
    with subprocess.Popen(["sleep", "1000"], env={"A": "b"}) as other:
        assert environment_of(Path(f"/proc/{other.pid}")) == b"A=b\0"
        other.kill()


def children() -> list[int]:
    """The processes that this one has started, zombies too."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if int(parent) == os.getpid():
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(sys.platform == "darwin", reason="needs /proc")
def test_a_hundred_runs_leave_nothing(tmp_path: Path) -> None:
    def held() -> tuple[list[str], list[int], int]:
        return sorted(os.listdir("/proc/self/fd")), children(), threading.active_count()

    before = held()
    for number in range(100):
        options: dict[str, Any] = {}
        script = "echo hello"
        if number % 10 == 1:
            script = f"{FOREVER} &"
        elif number % 10 == 2:
            options = {"timeout": 0.01}
            script = FOREVER
        elif number % 10 == 3:
            options = {"shells": ("/nowhere",)}
        elif number % 10 == 4:
            options = {"environment": {"A": "\0"}}
        run(tmp_path, script, **options)
    assert held() == before
