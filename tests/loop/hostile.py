"""Files that hang, kill or feed whatever opens them, and where that is made.

The program has no such door: a `sitecustomize.py` on PYTHONPATH does it, in every process that
opens a file of one of these names.
"""

from __future__ import annotations

from pathlib import Path

SITE = """\
import os, re, sys

def hostile(event, args):
    if event != "open" or not isinstance(args[0], (str, bytes, os.PathLike)):
        return
    if args[2] & (os.O_WRONLY | os.O_RDWR):  # who writes it does not read it
        return
    if str(sys._getframe(2).f_code.co_filename).endswith("pathlib.py"):
        # A checkout looks through text for paths that lead up: line by line, and parses nothing.
        frames = [sys._getframe(number).f_code.co_filename for number in (3, 4)]
        if any(name.endswith(os.path.join("checkouts", "tree.py")) for name in frames):
            return
    name = os.path.basename(os.fsdecode(args[0]))
    if name == "hang.yaml":  # in C, with the lock of the interpreter, as an expression would
        re.match(r"(?:a+)+$", "a" * 60 + "b")
    elif name == "sleep.yaml":
        import time
        time.sleep(3600)
    elif name == "die.yaml":
        os.kill(os.getpid(), 9)
    elif name == "crash.yaml":
        os.kill(os.getpid(), 11)
    elif name == "exit.yaml":
        os._exit(3)
    elif name == "leave.yaml":
        os._exit(0)
    elif name == "bug.yaml":
        raise KeyError("nobody thought of it")
    elif name == "eat.yaml":
        eaten = []
        while True:
            eaten.append(bytearray(64 << 20))

sys.addaudithook(hostile)
"""


def site(folder: Path) -> str:
    """A folder for PYTHONPATH."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    return str(folder)


def _deep() -> str:
    return "name: deep\ntrigger: " + "[" * 5_000


def _aliases() -> str:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    return f"a0: &a0 [x, x, x, x, x, x, x, x, x]\n{levels}\nname: bomb\n"


FILES: dict[str, dict[str, str]] = {
    "hangs": {"schedules/hang.yaml": "name: hang\n"},
    "kills itself": {"schedules/die.yaml": "name: die\n"},
    "eats": {"schedules/eat.yaml": "name: eat\n"},
    "hangs in its configuration": {"schedules/more/hang.yaml": "x: 1\n"},
    "crashes": {"schedules/crash.yaml": "name: crash\n"},
    "sleeps": {"schedules/sleep.yaml": "name: sleep\n"},
    "ends": {"schedules/exit.yaml": "name: exit\n"},
    "ends well": {"schedules/leave.yaml": "name: leave\n"},
    "many tags": {"schedules/t.yaml": f"# key: {'!' * 60} x\nname: t\npassword: {'&' * 60} x\n"},
    "many blanks": {
        "schedules/job2.yml": f"type: command\ncommand: echo ${{{{{' ' * 20_000}\n",
        "schedules/blanks.yaml": "name: blanks\n",
    },
    "deep": {"schedules/deep.yaml": _deep()},
    "aliases": {"schedules/bomb.yaml": _aliases()},
    "large": {"schedules/large.yaml": "name: large\ndescription: " + "x" * 12_000_000 + "\n"},
    "long line": {"schedules/long.yaml": "a: b: " + "x" * 900_000 + "\n"},
    "binary": {"schedules/binary.yaml": "\x00\x01\x02" * 1_000},
    "many keys": {"schedules/keys.yaml": "".join(f"k{n}: {n}\n" for n in range(60_000))},
    "many documents": {"schedules/docs.yaml": "---\nname: x\n" * 20_000},
    "many files": {f"schedules/many/{n}.yaml": "name: same\n" for n in range(1_500)},
    "brackets": {"schedules/b.yaml": "name: " + "{" * 40_000},
    "odd configuration": {"reconciler.yaml": "owner: us\ntargets: " + "[" * 3_000},
}
"""Revisions, by what is wrong with them; each is broken, and two at least are slow."""
