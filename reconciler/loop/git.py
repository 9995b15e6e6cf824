"""The git program, run so that nothing it is told by a repository or an address can harm.

It asks nobody (no terminal, no prompt), runs no hook, and speaks https, ssh and file alone.
Credentials come by git's own means: a credential helper, an SSH key. The address is handed over in
the environment, not in the arguments, which every user of the machine could read, and credentials
in it are cut out of whatever git says.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from reconciler.errors import SourceError
from reconciler.masking import mask_user_info
from reconciler.render.plain_text import printable

SECONDS = 120.0
"""How long one call may take."""
_PROTOCOLS = "https:ssh:file"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_QUERY = re.compile(r"(://[^\s?#]*+)(?:[?#]\S*+)?")
_HANDS_OUT = "git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack"
"""What hands out a repository of this machine: it need not be told to leave blobs out, as every
forge does.
"""
_OTHER_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG_PARAMETERS",
    "GIT_TRACE",
    "GIT_TRACE_CURL",
    "GIT_CURL_VERBOSE",
)


def without_credentials(text: str) -> str:
    """`text` without the user, the password and the query of any address in it."""
    return _QUERY.sub(r"\1", mask_user_info(text, lambda scheme, info: ""))


def is_address(source: str) -> bool:
    """Whether it names a Git repository elsewhere, and not a folder."""
    return "://" in source or re.match(r"[^/\\:@\s]+@[^/\\:\s]+:", source) is not None


class TookTooLong(SourceError):
    """Git was ended, for it had not answered in time: to ask in another way takes as long."""


class Git:
    """Git on the bare repository in `folder`, whose remote `origin` is `address`."""

    def __init__(
        self,
        folder: Path,
        address: str,
        *,
        environment: Mapping[str, str],
        seconds: float = SECONDS,
    ) -> None:
        self.folder = folder
        self.shown = printable(without_credentials(address))
        self._seconds = seconds
        self._address = address
        self._given = environment
        self._environment = _environment(environment, checked(address))

    @property
    def address(self) -> str:
        """Where it fetches from; with credentials, if it was given any."""
        return self._address

    def at(self, folder: Path, address: str) -> Git:
        """The same for another repository, such as a submodule."""
        return Git(folder, address, environment=self._given, seconds=self._seconds)

    def run(self, *args: str, work_tree: Path | None = None, index: Path | None = None) -> str:
        """What it prints; SourceError with what it says when it fails or takes too long."""
        return self.run_both(*args, work_tree=work_tree, index=index)[0]

    def run_both(
        self,
        *args: str,
        work_tree: Path | None = None,
        index: Path | None = None,
        stdin: bytes = b"",
    ) -> tuple[str, str]:
        """What it prints, and what it says beside that."""
        environment = self._environment
        if work_tree is not None and index is not None:
            paths = {"GIT_WORK_TREE": str(work_tree), "GIT_INDEX_FILE": str(index)}
            environment = environment | paths
        operation = next((one for one in args if one[0] != "-" and "=" not in one), args[0])
        try:
            process = subprocess.Popen(
                ["git", f"--git-dir={self.folder}", *args],
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                # A session without a terminal: ssh cannot ask on it, and all of it can be ended.
                start_new_session=True,
            )
        except OSError as error:
            raise SourceError(
                f"git cannot be run: {error.strerror}", hint="the source is a Git address"
            ) from error
        out, err = self._ended(process, operation, stdin)
        return os.fsdecode(out), err.decode("utf-8", "backslashreplace")

    def _ended(
        self, process: subprocess.Popen[bytes], operation: str, stdin: bytes
    ) -> tuple[bytes, bytes]:
        try:
            out, err = process.communicate(stdin or None, timeout=self._seconds)
        except subprocess.TimeoutExpired as error:
            raise TookTooLong(
                f"{self.shown}: git {operation} took longer than {self._seconds:g} seconds",
                hint="--timeout gives it more",
            ) from error
        finally:
            if process.poll() is None:
                _end(process)
        if process.returncode != 0:
            raise SourceError(f"{self.shown}: git {operation}: {_reason(err)}")
        return out or b"", err

    def write_to(self, file: IO[bytes], *args: str, stdin: bytes) -> None:
        """Run it with what it prints in a file, and with Git LFS at work. SourceError."""
        environment = {k: v for k, v in self._environment.items() if k != "GIT_LFS_SKIP_SMUDGE"}
        try:
            process = subprocess.Popen(
                ["git", f"--git-dir={self.folder}", *args],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise SourceError(f"git cannot be run: {error.strerror}") from error
        self._ended(process, " ".join(args[:2]), stdin)


def checked(address: str) -> str:
    """`address`, if it is one that may be fetched from; SourceError."""
    try:
        parts = urlsplit(address) if "://" in address else None
    except ValueError as error:  # a bracket that is not closed, a host that is no address
        raise SourceError("the address of the source cannot be read") from error
    if address.startswith("-") or "::" in address.split("/", 1)[0] or not address.isprintable():
        raise SourceError("the address of the source is not that of a Git repository")
    if parts is not None and parts.scheme not in ("https", "ssh", "file"):
        loopback = parts.scheme == "http" and _host(address) in _LOOPBACK
        if not loopback:
            raise SourceError(
                f"{printable(without_credentials(address))}: {printable(parts.scheme)} is refused",
                hint="use https or ssh: nobody on the way may change what is applied",
            )
    return address


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _environment(inherited: Mapping[str, str], address: str) -> dict[str, str]:
    kept = {k: v for k, v in inherited.items() if k not in _OTHER_REPOSITORY}
    protocols = _PROTOCOLS + (":http" if address.startswith("http://") else "")
    settings = {
        "remote.origin.url": address,
        "core.hooksPath": os.devnull,
        "core.symlinks": "true",
        "core.autocrlf": "false",
        "advice.detachedHead": "false",
        "submodule.recurse": "false",
        "fetch.recurseSubmodules": "false",
        "http.lowSpeedLimit": "1000",
        "http.lowSpeedTime": "30",
        # A background job would outlive us, and hold what is to be pruned.
        "gc.autoDetach": "false",
        "maintenance.autoDetach": "false",
    }
    if address.startswith("file:"):
        settings["remote.origin.uploadpack"] = _HANDS_OUT
    first = int(kept["GIT_CONFIG_COUNT"]) if kept.get("GIT_CONFIG_COUNT", "").isdigit() else 0
    for number, (name, value) in enumerate(settings.items(), first):
        kept |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return kept | {
        "GIT_CONFIG_COUNT": str(first + len(settings)),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C.UTF-8",
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started: git leaves the talking to other programs."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _reason(err: bytes) -> str:
    """The last lines that say something, without credentials."""
    lines = [line.strip() for line in err.decode("utf-8", "backslashreplace").splitlines()]
    said = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))]
    text = "; ".join(dict.fromkeys(said or lines[-1:])) or "it failed and said nothing"
    return printable(without_credentials(text))[:500]
