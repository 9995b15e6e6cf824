"""What `serve` runs to answer HTTP: `python -m reconciler.cli.serving`, told by its standard input.

It ends when that ends. It is no command: `serve` has bound the socket and made the tokens.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
from functools import lru_cache
from typing import Any

from reconciler.cli.events import log_everything, log_of
from reconciler.cli.output import show_error
from reconciler.cli.session import Session
from reconciler.cli.state_options import state_of
from reconciler.cli.workspace_target import Workspace
from reconciler.errors import ReconcilerError
from reconciler.web.serving.token_files import SECRETS

NICENESS = 5
"""Where the machine is short of processors, fires come before pages."""


def main() -> None:
    """Answer until standard input ends."""
    told = json.loads(sys.stdin.buffer.readline())
    for name in SECRETS:
        os.environ.pop(name, None)
    os.nice(NICENESS)
    bound = socket.socket(fileno=told["socket"])  # its family and protocol are those that it has
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_everything(log_of(told["log_format"]), told["log_format"])
    threading.Thread(target=_end_with_input, name="stdin", daemon=True).start()
    from reconciler.web.serving.server import run

    try:
        site = _site(told)
    except ReconcilerError as error:  # the configuration was changed since `serve` read it
        show_error(error)
        sys.exit(error.exit_code)
    run(site, bound)


def _site(told: dict[str, Any]) -> Any:
    from reconciler.web.settings import Control, Site
    from reconciler.web.tokens import Tokens
    from reconciler.workspace.datastores.addresses import data_assets

    session = Session(told["config"])
    workspace = Workspace(session, session.one_target(told["target"]))
    name = told["azure_name"]
    return Site(
        path=workspace.path,
        runs_folder=workspace.runs_folder,
        readable_by=workspace.readable_by,
        target=workspace.target.name,
        owner=session.config.owner,
        tokens=Tokens(told["token"], told["read_only_token"]),
        datastores=workspace.datastores,
        data=data_assets(workspace.target.options),
        code_limits=session.config.code_limits,
        base=session.config.root,
        config=session.config.path,
        hosts=frozenset(host.lower() for host in told["hosts"]),
        any_address=told["any_address"],
        public_url=told["public_url"],
        azure_name=(name[0], name[1], name[2]) if name else None,
        state=lru_cache(maxsize=1)(lambda: state_of(session.config, None, readonly=True)),
        control=Control(
            lru_cache(maxsize=1)(lambda: state_of(session.config, None)),
            session.config.path,
            may_edit=True,
        ),
        log=log_of(told["log_format"]),
    )


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    # The server stops by this signal as by any other: what it is answering gets a moment.
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
