"""Remarks -> what a CI runner turns into annotations at file and line.

GitHub's workflow commands, Azure Pipelines' logging commands, GitLab's Code Quality report. A
runner obeys what it finds in a line: whatever stands in a text starts no other command.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

from reconciler.render.ci.remarks import Remark, worst_first
from reconciler.render.documents import dumps

FORMATS = ("github", "gitlab", "azuredevops")


def render_annotations(remarks: Sequence[Remark], form: str) -> str:
    """All remarks in one of FORMATS, the worst first."""
    return _RENDERERS[form](worst_first(remarks))


def github(remarks: Sequence[Remark]) -> str:
    """Workflow commands. GitHub shows ten of a kind for a step; the log has them all."""
    return "".join(_workflow_command(remark) for remark in remarks)


def _workflow_command(remark: Remark) -> str:
    kind = "notice" if remark.level == "note" else remark.level
    properties = [
        f"file={_property(remark.path)}",
        f"line={remark.line}",
        f"col={remark.column}",
        f"title={_property(f'{remark.code}: {remark.title}')}",
    ]
    if remark.end_column is not None:
        properties.insert(3, f"endColumn={remark.end_column}")
    message = remark.message + (f"\n{remark.hint}" if remark.hint else "")
    return f"::{kind} {','.join(properties)}::{_data(message)}\n"


# The runner's own list: actions/toolkit, packages/core/src/command.ts.
def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def azuredevops(remarks: Sequence[Remark]) -> str:
    """Logging commands; Azure Pipelines knows no notes, they are lines of the log."""
    return "".join(_logging_command(remark) for remark in remarks)


def _logging_command(remark: Remark) -> str:
    message = remark.message + (f" ({remark.hint})" if remark.hint else "")
    if remark.level == "note":
        return f"note: {_percents(remark.path)}:{remark.line}: {_percents(message)}\n"
    properties = {
        "type": remark.level,
        "sourcepath": remark.path,
        "linenumber": remark.line,
        "columnnumber": remark.column,
        "code": remark.code,
    }
    shown = "".join(f"{name}={_vso_property(str(text))};" for name, text in properties.items())
    return f"##vso[task.logissue {shown}]{_percents(message)}\n"


# The agent's own list: azure-pipelines-agent, CommandStringConvertor.cs.
def _percents(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _vso_property(text: str) -> str:
    return _percents(text).replace("]", "%5D").replace(";", "%3B")


_GITLAB_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def gitlab(remarks: Sequence[Remark]) -> str:
    """A Code Quality report: a job's artifact, which the merge request shows."""
    seen: Counter[str] = Counter()
    issues = []
    for remark in remarks:
        message = remark.message + (f" ({remark.hint})" if remark.hint else "")
        # A fingerprint outlives an edit above the place, and is there once.
        print_ = "\0".join((remark.code, remark.path, remark.message))
        seen[print_] += 1
        digest = hashlib.sha256(f"{print_}\0{seen[print_]}".encode()).hexdigest()
        issues.append(
            {
                "description": message,
                "check_name": remark.code,
                "fingerprint": digest,
                "severity": _GITLAB_SEVERITIES[remark.level],
                "location": {"path": remark.path, "lines": {"begin": remark.line}},
            }
        )
    return dumps(issues)


_RENDERERS: dict[str, Callable[[Sequence[Remark]], str]] = {
    "github": github,
    "gitlab": gitlab,
    "azuredevops": azuredevops,
}
