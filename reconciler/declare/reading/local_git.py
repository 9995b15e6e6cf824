"""What the git program says of a folder that is checked out: its commit, and what it keeps there.

A hook runs with GIT_DIR and the like of its own repository; they are not followed to another one
than the folder's. What Git refuses is an answer too: its own sentence.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 30
_ELSEWHERE = frozenset(
    # `git rev-parse --local-env-vars`, but for the settings that a user gives by GIT_CONFIG_COUNT.
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    )
)
_HARMLESS = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "log.showSignature=false"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`text`: what it printed, None where it refused; `refused`: why, in one line of its own."""

    text: str | None
    refused: str | None = None


def has_git(root: Path) -> bool:
    """Whether `root` is that of a checkout; an empty `.git` only marks where paths end."""
    git = root / ".git"
    return git.is_file() or (git / "HEAD").exists()


def ask_git(folder: Path, *args: str, environ: Mapping[str, str] | None = None) -> Answer:
    """Run git in `folder`. Nothing is raised: a git that is missing or hangs refuses as well."""
    environment = {k: v for k, v in (environ or os.environ).items() if k not in _ELSEWHERE}
    environment |= {"LC_ALL": "C.UTF-8", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        made = subprocess.run(
            ["git", "-C", str(folder), *_HARMLESS, *args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        return Answer(None, "git is not installed, or not in the PATH")
    except subprocess.TimeoutExpired:
        return Answer(None, f"git {args[0]} took longer than {_SECONDS} seconds")
    except OSError as error:
        return Answer(None, f"git cannot be run: {error.strerror}")
    if made.returncode != 0:
        return Answer(None, _sentence(made.stderr))
    return Answer(os.fsdecode(made.stdout))


def _sentence(err: bytes) -> str:
    lines = [line.strip() for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("fatal:", "error:"))]
    remedy = [line for line in lines if line.startswith("git config ")]
    text = "; ".join([*(said[:1] or lines[:1]), *remedy[:1]]) or "git failed and said nothing"
    return "".join(c if c.isprintable() else "?" for c in text)[:500]


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out in a folder. `commit` None: there is no repository, or no commit yet."""

    commit: str | None = None
    author: str | None = None
    committed_at: str | None = None
    """As ISO 8601, with its offset."""
    dirty: bool = False
    """There are changes that the commit has not."""
    refused: str | None = None
    """Why Git does not say, though there is a repository."""
    subject: str | None = None
    """The first line of the commit's message."""

    @property
    def name(self) -> str | None:
        """As it is recorded: never a commit for what the commit has not."""
        return f"{self.commit}{DIRTY}" if self.commit and self.dirty else self.commit


DIRTY = "-dirty"


def head_of(
    folder: Path,
    root: Path,
    is_declared: Callable[[str], bool],
    *,
    environ: Mapping[str, str] | None = None,
) -> Head:
    """What is checked out in `folder`, below `root`.

    A file that Git does not know counts if `is_declared` says so of its absolute path: nobody
    keeps plans, databases and notes out of a folder. It is asked of folders as well, which end in
    a slash: whether a file below may count. What Git is told to ignore counts alike, for it is
    applied, and no commit has it.
    """
    form = "--format=%H%x00%an <%ae>%x00%cI%x00%s"
    answer = ask_git(folder, "log", "-1", form, environ=environ)
    if answer.text is None:
        unborn = answer.refused is not None and "does not have any commits" in answer.refused
        return Head(refused=answer.refused if has_git(root) and not unborn else None)
    commit, author, at, subject = answer.text.strip("\n").split("\0", 3)
    author, subject = (
        text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        for text in (author, subject)
    )
    known = ask_git(
        folder, "status", "--porcelain", "-z", "--untracked-files=no", "--", ".", environ=environ
    )
    others = ("ls-files", "--others", "--exclude-standard", "-z")
    new = ask_git(folder, *others, "--", ".", environ=environ)
    ignored = ask_git(folder, *others, "--ignored", "--directory", "--", ".", environ=environ)
    names = _names(new)
    for name in _names(ignored):
        if not name.endswith("/"):
            names.append(name)
        elif is_declared(f"{folder / name}/"):
            names += _names(ask_git(folder, *others, "--ignored", "--", name, environ=environ))
    dirty = (
        bool(known.text)
        or any(is_declared(str(folder / name)) for name in names)
        or _is_hidden(folder, is_declared, environ)
    )
    refused = known.refused or new.refused or ignored.refused
    return Head(commit, author, at, dirty, refused, subject)


def _names(answer: Answer) -> list[str]:
    return [name for name in (answer.text or "").split("\0") if name]


def _is_hidden(
    folder: Path, is_declared: Callable[[str], bool], environ: Mapping[str, str] | None
) -> bool:
    """Whether a file that Git was told to take for unchanged (`--assume-unchanged`,
    `--skip-worktree`) is another than the one of the index, or gone.
    """
    marked = [
        (line[0], line[2:])
        for line in _names(ask_git(folder, "ls-files", "-v", "-z", "--", ".", environ=environ))
        if line[0].islower() or line[0] == "S"
    ]
    for tag, name in marked:
        if not is_declared(str(folder / name)):
            continue
        if not (folder / name).is_file():
            if tag in "Ss":  # a sparse checkout has it not, and `absent.py` says so
                continue
            return True
        staged = ask_git(folder, "ls-files", "-s", "-z", "--", name, environ=environ).text or ""
        now = ask_git(folder, "hash-object", "--", name, environ=environ).text or ""
        if now.strip() not in staged.split():
            return True
    return False
