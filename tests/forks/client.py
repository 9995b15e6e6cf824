"""A program that is a command of another process: what a script in a shell calls `reconciler`.

    python -I -S client.py SOCKET ARGUMENTS

Signals that end it are passed on.
"""

import json
import os
import signal
import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
    link.connect(sys.argv[1])
    asked = {"argv": sys.argv[2:], "cwd": os.getcwd(), "env": dict(os.environ)}
    told = json.dumps(asked).encode()
    socket.send_fds(link, [len(told).to_bytes(8, "big")], [0, 1, 2])
    link.sendall(told)
    with link.makefile("rb") as answers:
        pid = int(answers.readline())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, _: os.kill(pid, number))
        status = int(answers.readline())
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
