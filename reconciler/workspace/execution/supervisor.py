"""The parent of a step's shell, a program of its own: run by path, it imports nothing of ours.

    python -I -S supervisor.py STATUS LIFE SHELL ARGUMENT...

It is a subreaper (prctl(2)): whatever the shell starts stays below it, also what leaves its group,
its session and its environment. It writes to the descriptor STATUS: `started`, or `started alone`
where it could not become a subreaper, or `error N`, the errno of a shell that could not be; then
how the shell ended, `exit N`, negative for a signal. When nobody holds the other end of LIFE any
more, because the engine has ended or was killed, it ends all that is below it, and itself.

One is started for each step, so it imports next to nothing: `signal` alone, for the enumerations of
its names, takes as long as Python itself, and `ctypes` half of that.
"""

import _signal  # type: ignore[import-not-found]
import os
import select
import sys

SET_CHILD_SUBREAPER = 36
_ROUNDS = 200
_ROUND_MILLISECONDS = 20


def become_subreaper() -> bool:
    """Whether this process is one now. Linux, since 3.4."""
    arguments = (SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        import _ctypes

        prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
        return bool(_ctypes.call_function(prctl, arguments) == 0)
    except (ImportError, AttributeError):
        pass  # it is nobody's promise that these are there
    except OSError:
        return False
    return _by_ctypes(arguments)


def _by_ctypes(arguments: tuple[int, ...]) -> bool:
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(*arguments) == 0)
    except (ImportError, AttributeError, OSError):
        return False


def descendants(root: int) -> list[int]:
    """The processes below `root`, but for those that have ended; parents before their children."""
    children: dict[int, list[int]] = {}
    ended: set[int] = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    state, parent = file.read().rpartition(b")")[2].split()[:2]
            except (OSError, ValueError):
                continue
            children.setdefault(int(parent), []).append(int(name))
            if state in (b"Z", b"X"):
                ended.add(int(name))
    found: list[int] = []
    below = [root]
    while below:
        for child in children.get(below.pop(), ()):
            below.append(child)
            found.append(child)
    return [one for one in found if one not in ended]


def main(arguments: list[str], *, finds_all: bool) -> None:
    """Start the shell, reap what ends, and end what is left. `finds_all`: it is a subreaper."""
    status, life = int(arguments[0]), int(arguments[1])
    for one in (status, life):
        os.set_inheritable(one, False)
    for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP):
        _signal.signal(number, _signal.SIG_IGN)
    wake, waker = os.pipe()
    for one in (wake, waker):
        os.set_blocking(one, False)
    _signal.signal(_signal.SIGCHLD, lambda *_: None)
    _signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    shell = _start([os.fsencode(one) for one in arguments[2:]], status, finds_all)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for one in (0, 1, 2):
        os.dup2(nowhere, one)
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    poll.register(life, select.POLLIN)
    alive = True
    while alive:
        for source, _ in poll.poll():
            alive = alive and source != life
            if source == wake:
                _drain(wake)
        _reap(shell, status)
    poll.unregister(life)
    for _ in range(_ROUNDS):
        # Who has no children has nothing below it: then there is no need to look at all processes.
        if not _reap(shell, status):
            break
        left = descendants(os.getpid())
        for one in left:
            try:
                os.kill(one, _signal.SIGKILL)
            except OSError:
                continue  # it has ended
        poll.poll(_ROUND_MILLISECONDS)
        _drain(wake)


def _start(command: list[bytes], status: int, finds_all: bool) -> int:
    # As it was given: Python itself may have put LC_CTYPE into its environment.
    with open("/proc/self/environ", "rb") as file:
        pairs = [entry.partition(b"=") for entry in file.read().split(b"\0") if entry]
    environment = {name: value for name, _, value in pairs}
    try:
        shell = os.posix_spawn(
            command[0],
            command,
            environment,
            setsid=True,
            setsigmask=[],
            setsigdef=[
                number
                for number in _signal.valid_signals()
                if number not in (_signal.SIGKILL, _signal.SIGSTOP)
            ],
        )
    except OSError as error:
        _tell(status, f"error {error.errno}\n")
        sys.exit(1)
    _tell(status, "started\n" if finds_all else "started alone\n")
    return shell


def _reap(shell: int, status: int) -> bool:
    """Reap what has ended; whether there are children still."""
    while True:
        try:
            ended, how = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if ended == 0:
            return True
        if ended == shell:
            _tell(status, f"exit {os.waitstatus_to_exitcode(how)}\n")


def _tell(status: int, text: str) -> None:
    try:
        os.write(status, text.encode())
    except OSError:
        return  # the engine is gone


def _drain(wake: int) -> None:
    try:
        while os.read(wake, 1 << 10):
            pass
    except BlockingIOError:
        return


if __name__ == "__main__":
    main(sys.argv[1:], finds_all=become_subreaper())
