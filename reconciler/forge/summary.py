"""The summary of a CI job, where its forge has such a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import mkstemp
from urllib.parse import quote

from reconciler.errors import ForgeError


def write_summary(environment: Mapping[str, str], text: str) -> str | None:
    """Add `text`, Markdown, to the summary of the job. The line that must be printed for it, if
    one must; None also where there is no summary.
    """
    try:
        if file := environment.get("GITHUB_STEP_SUMMARY"):
            with Path(file).open("a", encoding="utf-8", errors="backslashreplace") as summary:
                summary.write(text + "\n")
            return None
        if environment.get("TF_BUILD") and (folder := environment.get("AGENT_TEMPDIRECTORY")):
            descriptor, path = mkstemp(prefix="reconciler-", suffix=".md", dir=folder)
            with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as summary:
                summary.write(text)
            return f"##vso[task.uploadsummary]{path}"
    except OSError as error:
        raise ForgeError(f"the summary of the job cannot be written: {error.strerror}") from error
    return None


def run_link(environment: Mapping[str, str]) -> str | None:
    """The page of this CI job, where the whole plan is; None where there is no CI."""
    if run := environment.get("GITHUB_RUN_ID"):
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{environment.get('GITHUB_REPOSITORY', '')}/actions/runs/{quote(run)}"
    if url := environment.get("CI_JOB_URL"):
        return url
    if build := environment.get("BUILD_BUILDID"):
        collection = environment.get("SYSTEM_COLLECTIONURI", "").rstrip("/")
        project = quote(environment.get("SYSTEM_TEAMPROJECT", ""), safe="")
        return f"{collection}/{project}/_build/results?buildId={quote(build)}"
    return None
