"""Runs a workflow of GitHub Actions as shell, without GitHub: its jobs, steps and conditions.

What is done as a runner does it: jobs in the order of `needs`, `if`, `env` of the workflow, the job
and the step, `defaults.run`, `working-directory`, `GITHUB_ENV`, `GITHUB_OUTPUT`,
`GITHUB_STEP_SUMMARY`, a fresh checkout for every job, and steps that are skipped after a failure.
`run` is run by bash with the options that Actions gives it, and sees only the variables that a
job has. `uses` cannot be run: `Runner.actions` has what stands for each, by name without its
commit; an action that is not there is a mistake. Left out: matrices, services, containers,
outputs of jobs, `continue-on-error`, `timeout-minutes`, `concurrency`, and rights, which the
stand-in for GitHub holds by the token.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workflows.expressions import condition, fill

_SHELLS = {None: ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass
class Step:
    """A step that was looked at; outcome: success, failure or skipped."""

    name: str
    outcome: str
    log: str = ""


@dataclass
class Job:
    """A job that was looked at."""

    name: str
    steps: list[Step] = field(default_factory=list)
    result: str = "success"
    summary: str = ""

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    @property
    def log(self) -> str:
        return "".join(step.log for step in self.steps)


@dataclass
class Runner:
    """Where jobs run. `github`: the context; `actions`: what stands for `uses`, called with the
    folder of the job and the inputs."""

    folder: Path
    github: dict[str, Any]
    variables: dict[str, str]
    vars: dict[str, str]
    inputs: dict[str, Any]
    actions: Mapping[str, Callable[[Path, Mapping[str, str]], None]]
    environments: list[dict[str, str]] = field(default_factory=list)
    """Of every `run` step, for tests that look for what must not be there."""
    seconds: float = 60
    """The most that a step may take."""

    def run(self, workflow: Path) -> dict[str, Job]:
        """The jobs of a workflow, by name."""
        document = yaml.load(workflow.read_text(), Loader=yaml.BaseLoader)
        done: dict[str, Job] = {}
        waiting = dict(document["jobs"])
        while waiting:
            name = next(n for n, job in waiting.items() if set(_needs(job)) <= set(done))
            job = waiting.pop(name)
            results = [done[needed].result for needed in _needs(job)]
            done[name] = self._job(name, job, document, all(r == "success" for r in results))
        return done

    def _job(self, name: str, job: Any, document: Any, ready: bool) -> Job:
        made = Job(name)
        contexts = self._contexts({})
        functions = self._functions(lambda: ready, self.folder)
        if not condition(job.get("if", "success()"), contexts, functions):
            made.result = "skipped"
            return made
        folder = self.folder / f"{document['name']}-{name}-{len(list(self.folder.iterdir()))}"
        folder.mkdir(parents=True)
        files = {key: folder / f".{key}" for key in ("ENV", "OUTPUT", "STEP_SUMMARY", "PATH")}
        env = {
            key: fill(text, contexts, functions)
            for level in (document, job)
            for key, text in level.get("env", {}).items()
        }
        work = folder / "work"
        work.mkdir()
        steps: dict[str, Any] = {}
        for step in job["steps"]:
            functions = self._functions(lambda: made.result == "success", work)
            contexts = self._contexts(env) | {"steps": steps}
            made.steps.append(Step(step.get("name", step.get("uses", "")), "skipped"))
            if not condition(step.get("if", "success()"), contexts, functions):
                continue
            default = document.get("defaults", {}).get("run", {})
            shell = step.get("shell", default.get("shell"))
            step_env = {k: fill(v, contexts, functions) for k, v in step.get("env", {}).items()}
            step_env = env | step_env
            ok = True
            if "uses" in step:
                given = {k: fill(v, contexts, functions) for k, v in step.get("with", {}).items()}
                self.actions[step["uses"].partition("@")[0]](work, given)
            else:
                for file in files.values():
                    file.touch()
                script = folder / "script.sh"
                script.write_text(fill(step["run"], contexts, functions))
                where = work / step.get("working-directory", default.get("working-directory", "."))
                ok, log = self._shell(_SHELLS[shell], script, where, step_env, files)
                made.steps[-1].log = log
                env |= _pairs(files["ENV"])
                if "id" in step:
                    steps[step["id"]] = {"outputs": _pairs(files["OUTPUT"])}
            made.steps[-1].outcome = "success" if ok else "failure"
            if not ok:
                made.result = "failure"
        summary = files["STEP_SUMMARY"]
        made.summary = summary.read_text() if summary.exists() else ""
        return made

    def _shell(
        self,
        shell: list[str],
        script: Path,
        folder: Path,
        env: dict[str, str],
        files: Mapping[str, Path],
    ) -> tuple[bool, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        whole = kept | self.variables | env
        whole |= {f"GITHUB_{key}": str(file) for key, file in files.items()}
        self.environments.append(whole)
        done = subprocess.run(
            [*shell, str(script)],
            cwd=folder,
            env=whole,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=self.seconds,
            check=False,
            text=True,
        )
        return done.returncode == 0, done.stdout

    def _contexts(self, env: Mapping[str, str]) -> dict[str, Any]:
        return {"github": self.github, "vars": self.vars, "inputs": self.inputs, "env": env}

    def _functions(self, success: Callable[[], bool], work: Path) -> dict[str, Any]:
        return {
            "success": success,
            "failure": lambda: not success(),
            "always": lambda: True,
            "cancelled": lambda: False,
            "hashFiles": lambda pattern: _hashed(work, pattern),
        }


def _hashed(work: Path, pattern: str) -> str:
    """As hashFiles: empty where nothing matches."""
    found = sorted(work.glob(pattern))
    content = b"".join(path.read_bytes() for path in found)
    return hashlib.sha256(content).hexdigest() if found else ""


def _needs(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


def _pairs(file: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in file.read_text().splitlines() if line)
    return {name: value for name, _, value in pairs}


def dumped(event: Mapping[str, Any], path: Path) -> str:
    """An event, as the file that a runner writes; its path."""
    path.write_text(json.dumps(event))
    return str(path)
