"""An engine in a process of its own, over a clock that goes faster: what test_crash.py kills.

    crash_driver.py FOLDER ORIGIN SPEED

Each line of FOLDER/ticks is an instant up to which everything was settled.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.engine import batch
from reconciler.workspace.engine.engine import Engine
from reconciler.workspace.engine.executor import Settings
from reconciler.workspace.store.schedules import Store


def main() -> None:
    folder, origin, speed = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])

    def clock() -> datetime:
        return datetime.fromtimestamp(origin + (time.time() - origin) * speed, UTC)

    # Few enough that both ways of recording what is due are interrupted.
    batch.BURST, batch.AT_A_TIME = 5, 3
    engine = Engine(
        Store(folder / "workspace.db", durable=True, busy_seconds=2.0),
        Settings(folder / "runs", folder, dict(os.environ), max_runs=8, grace=5.0),
        datastores={"inbox": Datastore(str(folder / "inbox"), folder)},
        log=lambda event, **fields: None,
        clock=clock,
    )
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(1))
    file = os.open(folder / "ticks", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    faulthandler.enable()
    engine.start()
    os.write(file, f"{clock().isoformat()}\n".encode())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not stopped:
        before = clock()
        engine.tick()
        os.write(file, f"{before.isoformat()}\n".encode())
        engine._wait(0.002)
    engine._shut_down()


main()
