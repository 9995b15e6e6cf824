"""The tokens of `serve`: given by a file or the environment, or made at first and kept."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from reconciler.errors import ReconcilerError
from reconciler.system.workspace_files import file_beside
from reconciler.web.tokens import LONGEST_TOKEN, Tokens, check_token, new_token

TOKEN = "RECONCILER_TOKEN"
READ_ONLY_TOKEN = "RECONCILER_READ_ONLY_TOKEN"
SECRETS = (TOKEN, READ_ONLY_TOKEN)
"""Environment variables that steps do not inherit."""


def load_tokens(workspace: Path, token_file: Path | None, read_only_file: Path | None) -> Tokens:
    """Both tokens: of the files given, of the environment, or of files beside the workspace,
    which are made if need be. ReconcilerError.
    """
    full = _token(TOKEN, token_file, file_beside(workspace, "token"))
    read = _token(READ_ONLY_TOKEN, read_only_file, file_beside(workspace, "read-only-token"))
    if full == read:
        raise ReconcilerError("the token and the read-only token are the same")
    return Tokens(full, read)


def token_file_of(workspace: Path, given: Path | None) -> Path | None:
    """Where the token is kept; None: it is in the environment."""
    if given is not None:
        return given
    return None if TOKEN in os.environ else file_beside(workspace, "token")


def _token(variable: str, file: Path | None, kept: Path) -> str:
    if file is not None:
        return _checked(_read(file), str(file))
    given = os.environ.get(variable)
    if given is not None:
        return _checked(given.strip(), variable)
    return _checked(_kept(kept), str(kept))


def _kept(path: Path) -> str:
    """The token in a file that only its owner may read; it is made if it is not there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise ReconcilerError(
                f"{path}: others than its owner may read or write it",
                hint=f"chmod 600 {path}; and remove it, if somebody may have read it",
            ) from None
        return _read(path)
    except OSError as error:
        raise ReconcilerError(f"{path}: {error.strerror}") from error
    token = new_token()
    try:
        os.write(made, f"{token}\n".encode())
        os.fsync(made)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ReconcilerError(f"{path}: {error.strerror}") from error
    finally:
        os.close(made)
    return token


def _read(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(LONGEST_TOKEN * 2).strip()
    except OSError as error:
        raise ReconcilerError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ReconcilerError(f"{path}: it holds no token") from error


def _checked(token: str, where: str) -> str:
    wrong = check_token(token)
    if wrong is not None:
        raise ReconcilerError(f"the token of {where}: {wrong}")
    return token
