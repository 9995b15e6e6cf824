"""What reads for the loop: `python -m reconciler.loop.reader`, a request a line.

A request is JSON on standard input, an answer is pickled frames on standard output. It ends when
its standard input does, or when nobody has asked for a while; and it limits itself, so that it
comes to an end even where whoever asked has died.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import select
import sys
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from reconciler.config import load_config
from reconciler.errors import ConfigError, DeclarationError
from reconciler.loop.reader.direct import read_contents

IDLE_SECONDS = 10.0
"""How long it waits for a further request: the other targets of a revision come soon."""
CHUNK = 200
"""Schedules in a frame: whoever reads them does something else between two."""
MOST_PROBLEMS = 2_000
"""Problems that are passed on of one revision."""
_SPARE_SECONDS = 5


def main() -> None:
    """Answer until standard input ends."""
    sys.setrecursionlimit(10_000)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not stand among the answers
    gc.disable()
    requests = sys.stdin.fileno()
    while select.select([requests], [], [], IDLE_SECONDS)[0]:
        line = _line(requests)
        if not line:
            return
        _answer(json.loads(line), answers)
        answers.flush()


def _line(descriptor: int) -> bytes:
    """One request; one is sent at a time, so nothing stands behind it."""
    parts: list[bytes] = []
    while not parts or not parts[-1].endswith(b"\n"):
        part = os.read(descriptor, 65_536)
        if not part:
            return b""
        parts.append(part)
    return b"".join(parts)


def _answer(request: dict[str, Any], answers: BinaryIO) -> None:
    _limit(request["seconds"], request["bytes"])
    frames = pickle.Pickler(answers, pickle.HIGHEST_PROTOCOL)
    place: int = request["place"]

    def on_file(name: str) -> None:
        # Told through a file that both have open: also a process that is killed has told it.
        os.pwrite(place, name.encode("utf-8", "surrogateescape")[:4096] + b"\n", 0)

    path = Path(request["path"])
    try:
        if request["kind"] == "config":
            on_file(path.name)
            frames.dump(("config", load_config(path)))
            return
        moment = datetime.fromisoformat(request["now"])
        found = read_contents(path, request["target"], moment, on_file)
    except ConfigError as error:
        problems = error.problems[:MOST_PROBLEMS]
        frames.dump(("config_error", (error.message, problems, error.hint)))
    except DeclarationError as error:
        frames.dump(("declaration_error", error.problems[:MOST_PROBLEMS]))
    except (MemoryError, RecursionError) as error:
        frames.dump(("exhausted", type(error).__name__))
    except Exception as error:
        # Ours to mend: it is to be seen where it can be, and the last good revision goes on.
        last = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{Path(last.filename).name}:{last.lineno}"
        frames.dump(("bug", f"{type(error).__name__}: {error}"[:500] + f" ({at})"))
    else:
        frames.dump(("contents", (found.config, found.target, len(found.schedules))))
        for start in range(0, len(found.schedules), CHUNK):
            frames.dump(found.schedules[start : start + CHUNK])


def _limit(seconds: float, most: int) -> None:
    """Of processor time and memory; the clock is watched by whoever asked."""
    try:
        import resource
    except ImportError:  # not on Windows, where nothing limits it but who asked
        return
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    wanted = {
        resource.RLIMIT_CPU: int(used + seconds) + _SPARE_SECONDS,
        resource.RLIMIT_AS: most,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, hard))


if __name__ == "__main__":
    main()
