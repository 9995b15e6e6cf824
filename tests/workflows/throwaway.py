"""A throw-away Git repository on a stand-in for GitHub, and the people and events around it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import forks
from fakes.forges import github
from helpers import declaration, invoke, repository, write

from workflows.actions import Job, Runner, dumped

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {{provider: local, workspace: {workspace}}}
"""


class ThrowAway:
    """`work`: a person's clone. `inside`: the folder of the schedules in it."""

    def __init__(self, folder: Path, site: github.GitHub, inside: str = "") -> None:
        self.folder = folder
        self.site = site
        self.work = folder / "work"
        self.origin = folder / "origin.git"
        self.artifacts: dict[str, bytes] = {}
        self.environments: list[dict[str, str]] = []
        config = CONFIG.format(workspace=folder / "live.db")
        self.inside = self.work / inside
        self.prefix = f"schedules-{inside}-" if inside else ""
        repository(self.inside, "a", "b", "c", config=config)
        self.git("init", "--quiet", "--initial-branch=main")
        subprocess.run(["git", "init", "--quiet", "--bare", self.origin], check=True, timeout=60)
        self.git("remote", "add", "origin", str(self.origin))
        invoke(self.inside, "init", "--ci", "github")
        self.commit("Start")
        bin_folder = forks.tool(folder / "bin/reconciler").parent
        self.path = f"{bin_folder}:/usr/local/bin:/usr/bin:/bin"

    # ------------------------------------------------------------------------------- what people do

    def git(self, *args: str, folder: Path | None = None) -> str:
        identity = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
        quiet = ["-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]
        command = ["git", *identity, *quiet, *args]
        done = subprocess.run(
            command, cwd=folder or self.work, check=True, timeout=60, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything, push the branch; the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        branch = self.git("rev-parse", "--abbrev-ref", "HEAD")
        self.git("push", "--quiet", "origin", branch)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str) -> None:
        self.git("checkout", "--quiet", "-b", name, "main")

    def change(self, name: str, hour: int) -> None:
        write(self.inside, {f"schedules/{name}.yaml": declaration(name, hour)})

    def merge(self, number: int, branch: str, how: str = "merge") -> str:
        """Merge a pull request on the forge, in one of its three ways; the commit of the branch."""
        message = f"Merge {branch} (#{number})"
        if how == "rebase":
            self.git("checkout", "--quiet", branch)
            self.git("rebase", "--quiet", "main")
        self.git("checkout", "--quiet", "main")
        if how == "merge":
            self.git("merge", "--quiet", "--no-ff", "--message", message, branch)
        elif how == "squash":
            self.git("merge", "--quiet", "--squash", branch)
            self.git("commit", "--quiet", "--message", message)
        else:
            self.git("merge", "--quiet", "--ff-only", branch)
        self.git("push", "--quiet", "origin", "main")
        sha = self.git("rev-parse", "HEAD")
        self.site.merge(number, sha)
        return sha

    def comments(self, number: int) -> list[str]:
        return [comment["body"] for comment in self.site.issues[number].comments]

    # ------------------------------------------------------------------------------ what runners do

    def pull_request(self, number: int, branch: str, fork: str = "") -> dict[str, Job]:
        """The workflow of a pull request, on what it would be once merged."""
        self.git("checkout", "--quiet", "--detach", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", "Merge", branch)
        sha = self.git("rev-parse", "HEAD")
        self.git("push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/merge")
        self.git("checkout", "--quiet", branch)
        head = {"repo": {"full_name": fork or self.site.repository}}
        event = {"pull_request": {"number": number, "head": head}}
        ref = f"refs/pull/{number}/merge"
        return self._run("plan", "pull_request", event, sha, ref, f"{number}/merge", {})

    def push(self, sha: str) -> dict[str, Job]:
        """The workflow of a push to main."""
        return self._run("apply", "push", {}, sha, "refs/heads/main", "main", {})

    def merge_group(self, *branches: str) -> dict[str, Job]:
        """The workflow of a queue, on what it would merge as one."""
        self.git("checkout", "--quiet", "--detach", "main")
        for branch in branches:
            self.git("merge", "--quiet", "--squash", branch)
            self.git("commit", "--quiet", "--message", branch)
        sha = self.git("rev-parse", "HEAD")
        ref = f"refs/heads/gh-readonly-queue/main/pr-2-{sha}"
        self.git("push", "--quiet", "origin", f"HEAD:{ref}")
        self.git("checkout", "--quiet", "main")
        event = {"merge_group": {"head_sha": sha, "head_ref": ref}}
        return self._run("plan", "merge_group", event, sha, ref, ref[11:], {})

    def dispatch(self, workflow: str, **inputs: Any) -> dict[str, Job]:
        """A workflow that somebody starts by hand, or the clock."""
        sha = self.git("rev-parse", "main")
        event = {"inputs": inputs}
        return self._run(
            workflow, "workflow_dispatch", event, sha, "refs/heads/main", "main", inputs
        )

    def _run(
        self,
        workflow: str,
        name: str,
        event: Mapping[str, Any],
        sha: str,
        ref: str,
        ref_name: str,
        inputs: dict[str, Any],
    ) -> dict[str, Job]:
        event = {"repository": {"default_branch": "main"}, **event}
        runs = self.folder / "runs"
        runs.mkdir(exist_ok=True)
        context = {
            "event": event,
            "event_name": name,
            "repository": self.site.repository,
            "ref": ref,
            "ref_name": ref_name,
            "sha": sha,
            "actor": "ana",
            "token": github.TOKEN,
        }
        variables = {
            "PATH": self.path,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.site.address,
            "GITHUB_SERVER_URL": self.site.address,
            "GITHUB_REPOSITORY": self.site.repository,
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": dumped(event, self.folder / "event.json"),
            "GITHUB_REF": ref,
            "GITHUB_REF_NAME": ref_name,
            "GITHUB_SHA": sha,
            "GITHUB_ACTOR": "ana",
            "GITHUB_RUN_ID": "77",
        }
        actions = {
            "actions/checkout": lambda work, given: self._checkout(work, given, sha),
            "./.github/actions/reconciler": self._install,
            "actions/upload-artifact": self._upload,
        }
        runner = Runner(runs, context, variables, {}, inputs, actions)
        done = runner.run(self.work / f".github/workflows/{self.prefix}{workflow}.yml")
        self.environments = runner.environments
        return done

    def _checkout(self, work: Path, given: Mapping[str, str], sha: str) -> None:
        assert given == {"persist-credentials": "false"}
        self.git("clone", "--quiet", str(self.origin), str(work))
        self.git("fetch", "--quiet", "origin", sha, folder=work)
        self.git("checkout", "--quiet", "--detach", sha, folder=work)

    def _install(self, work: Path, given: Mapping[str, str]) -> None:
        assert (work / ".github/actions/reconciler/action.yml").exists()
        assert shutil.which("reconciler", path=self.path)

    def _upload(self, work: Path, given: Mapping[str, str]) -> None:
        assert given["name"] != "plan.html" or given["archive"] == "false"
        self.artifacts[given["name"]] = (work / given["path"]).read_bytes()
