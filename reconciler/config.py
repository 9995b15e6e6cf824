"""reconciler.yaml -> Config: who we are, which files, which targets, which limits.

Environment values, `${{ env.NAME }}`, are filled in when a target is opened, so that a laptop
without the production credentials can still work on the local one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reconciler.declare.adoption import Adoption
from reconciler.declare.checking.json_schema import schema_findings
from reconciler.declare.checking.lint import lint_document, nearest
from reconciler.declare.findings import Finding, place, place_fault
from reconciler.declare.reading.files import CONFIG_NAME, display_path, repository_root
from reconciler.declare.reading.positions import Locator
from reconciler.declare.reading.yaml_loader import Fault, parse
from reconciler.declare.resolve import TargetSettings, Unset, deep_merge
from reconciler.errors import ConfigError
from reconciler.model import Mode, Problem
from reconciler.plan.windows import Window
from reconciler.plan.windows_config import read_windows, window_findings
from reconciler.policies.policies_config import read_policies
from reconciler.policies.rules import Policy
from reconciler.snapshots import CodeLimits, kept_by_workspace
from reconciler.system.file_access import FOLDER, ReadableBy

FILE_NAME = CONFIG_NAME
_ENV = re.compile(r"\$\{\{\s*env\.([^{}\s]*)\s*\}\}")
# What signs a job in, to Azure, to its forge or to us. A pull request can change reconciler.yaml,
# and so have what it reads shown in its own plan, or sent to an address of its own. Secrets that
# are for reconciler.yaml, those of notifications and webhooks, have names of their own.
_CREDENTIALS = frozenset(
    [
        *("AZURE_ACCESS_TOKEN", "AZURE_CLIENT_SECRET", "AZURE_PASSWORD", "AZURE_ID_TOKEN"),
        *("AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_DEVOPS_EXT_PAT", "SYSTEM_ACCESSTOKEN"),
        *("ARM_CLIENT_SECRET", "ARM_OIDC_TOKEN", "ARM_OIDC_REQUEST_TOKEN", "ARM_ACCESS_KEY"),
        *("IDENTITY_HEADER", "MSI_SECRET", "SERVICEPRINCIPALKEY", "IDTOKEN"),
        *("GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN"),
        *("GITLAB_TOKEN", "CI_JOB_TOKEN", "CI_BUILD_TOKEN", "CI_REGISTRY_PASSWORD"),
        *("CI_DEPLOY_PASSWORD", "CI_DEPENDENCY_PROXY_PASSWORD", "CI_REPOSITORY_URL"),
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        *("RECONCILER_TOKEN", "RECONCILER_READ_ONLY_TOKEN"),
        *("TEMPORAL_API_KEY", "TEMPORAL_TLS_CLIENT_KEY_DATA"),
    ]
)
_CREDENTIAL_PREFIXES = (
    "AZURE_FEDERATED_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_",
    "ACTIONS_RUNTIME_",
    "CI_JOB_JWT",
)
_TIMES = ("start_time", "end_time", "time_zone")
_WORKSPACE = f"{FOLDER}/workspace.db"
_FILLED_IN = ("variables", "defaults")
_SETTINGS = ("provider", *_FILLED_IN, "reconcile", "components")
_ALLOWING = ("upload_data", "command_jobs", "data_changes", "api_version")
"""What is known of a target that is not opened, too: it says what its declarations may be."""
_NAMING = ("datastores", "data")
"""Likewise, the names in it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `percent` of the live schedules that are ours, and at most `count`."""

    percent: float | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one plan may change before it is refused."""

    disable: Limit = field(default_factory=lambda: Limit(percent=30))
    update: Limit = field(default_factory=Limit)
    accept: tuple[str, ...] = ()
    """Plans that were reviewed, and may be over them: by the marks that plans say."""


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of `targets`, with environment values filled in."""

    name: str
    provider: str
    settings: TargetSettings
    options: Mapping[str, Any]
    """What only its provider knows: the workspace, the datastores ..."""

    @property
    def mode(self) -> Mode:
        """What the loop does about differences there, at most."""
        return self.settings.mode


@dataclass(frozen=True, slots=True)
class Config:
    """A `reconciler.yaml`. `folder` is the one it stands in, `root` the repository's."""

    path: Path
    folder: Path
    root: Path
    owner: str
    repository: str | None
    """Its identity, in the mark beside the owner; None: it says none."""
    adoptions: tuple[Adoption, ...]
    schedules: tuple[str, ...]
    exclude: tuple[str, ...]
    default_target: str | None
    limits: Limits
    target_names: tuple[str, ...]
    windows: tuple[Window, ...]
    """When the loop may change targets."""
    readable_by: ReadableBy
    """Who may read the files that are kept."""
    code_limits: CodeLimits
    """How much the code of a job may hold."""
    policies: tuple[Policy, ...]
    """What is asked of schedules beyond the format."""
    _document: Mapping[str, Any] = field(repr=False)
    _data: bytes = field(repr=False)

    def target(self, name: str, *, to_open: bool = True) -> Target:
        """The target of that name; ConfigError if there is none, or its environment is not set.

        Without `to_open` it has few options, and needs no environment for the others; what its
        declarations take of an environment that is not set is Unset.
        """
        if name not in self.target_names:
            hint = nearest(name, list(self.target_names))
            raise ConfigError(f'no target "{name}" in {self.path.name}', hint=hint)
        findings: list[Finding] = []
        written = self._document["targets"][name]
        if not to_open:
            written = {
                key: _names(value) if key in _NAMING else value
                for key, value in written.items()
                if key in (*_SETTINGS, *_NAMING) or (key in _ALLOWING and "${{" not in str(value))
            }
        at = ("targets", name)
        rest = {key: value for key, value in written.items() if key not in _FILLED_IN}
        document = _fill(rest, at, findings)
        own, shared = (
            {
                key: _fill(of.get(key) or {}, (*path, key), findings, needed=to_open)
                for key in _FILLED_IN
            }
            for of, path in ((written, at), (self._shared(written), ()))
        )
        _raise_if_any(findings, self.path, self.root, self._data)
        settings = TargetSettings(
            name,
            variables={**shared["variables"], **own["variables"]},
            defaults=deep_merge(shared["defaults"], own["defaults"]),
            mode=document.get("reconcile", "heal"),
            components={
                name: str(self.folder / path)
                for name, path in (document.get("components") or {}).items()
            },
            folds_case=document["provider"] == "azureml",
        )
        options = {key: value for key, value in document.items() if key not in _SETTINGS}
        if to_open and document["provider"] == "local" and self.readable_by != "owner":
            options.setdefault("readable_by", self.readable_by)
        return Target(name, document["provider"], settings, options)

    def _shared(self, target: Mapping[str, Any]) -> dict[str, Any]:
        """What holds in a target of that which is said for all: not what it says itself."""
        own = target.get("variables") or {}
        every = self._document.get("variables") or {}
        variables = {key: value for key, value in every.items() if key not in own}
        return {"variables": variables, "defaults": self._document.get("defaults")}

    def section(self, name: str) -> Any:
        """`state`, `history`, `webhooks` or `notifications`, with environment values filled in;
        None: it is left out. ConfigError where the environment is not set.
        """
        findings: list[Finding] = []
        filled = _fill(self._document.get(name), (name,), findings)
        _raise_if_any(findings, self.path, self.root, self._data)
        return filled

    def place(self, finding: Finding) -> Problem:
        """What a finding means in this file, at its line."""
        return place(finding, display_path(self.path, self.root), Locator(self._data), 0)

    def chosen(self, name: str | None) -> tuple[str, ...]:
        """The targets that `--target NAME|all` means; without one: the default, or every one."""
        if name == "all" and "all" not in self.target_names:
            return self.target_names
        if name is not None:
            return (self.target(name, to_open=False).name,)
        return (self.default_target,) if self.default_target else self.target_names


def _names(value: Any) -> Any:
    """Datastores and data by name, without what the environment says of them."""
    if not isinstance(value, Mapping):
        return value
    return {
        name: {k: v for k, v in one.items() if "${{" not in str(v)}
        if isinstance(one, Mapping)
        else one
        for name, one in value.items()
    }


def find_config(start: Path) -> Path | None:
    """The nearest `reconciler.yaml` at or above `start`, not looking outside its repository."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
        if (folder / ".git").exists():
            return None
    return None


def load_config(path: Path) -> Config:
    """Read and check a `reconciler.yaml`; ConfigError with every problem in it."""
    path = Path(os.path.abspath(path))
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if data is None:
        raise ConfigError(
            f"{path}: no such file", hint="`reconciler init` writes one, with examples beside it"
        )
    folder = path.parent.resolve()
    root = repository_root(folder)
    document = _parse(data, path, root)
    findings = schema_findings(document, "config")
    findings += _references(document)
    policies, wrong = read_policies(
        document.get("policies"), document.get("targets") or {}, folder, root
    )
    findings += wrong
    _raise_if_any(findings, path, root, data)
    return Config(
        path=path,
        folder=folder,
        root=root,
        owner=document["owner"],
        repository=document.get("repository"),
        adoptions=tuple(
            Adoption(one["names"], one.get("from") or "") for one in document.get("adopt") or ()
        ),
        schedules=tuple(document["schedules"]),
        exclude=tuple(document.get("exclude") or ()),
        default_target=document.get("default_target"),
        limits=_limits(document.get("limits") or {}),
        target_names=tuple(document["targets"]),
        windows=read_windows(document.get("windows") or ()),
        readable_by=document.get("readable_by") or "owner",
        code_limits=_code_limits(document, folder),
        policies=policies,
        _document=document,
        _data=data,
    )


def _parse(data: bytes, path: Path, root: Path) -> dict[str, Any]:
    documents, faults = parse(data)
    display = display_path(path, root)
    if not faults and len(documents) != 1:
        faults = [Fault("CFG001", "one document is expected: owner, schedules and targets")]
    elif not faults and not isinstance(documents[0].data, dict):
        faults = [Fault("CFG001", "a mapping with owner, schedules and targets is expected")]
    if faults:
        locator = Locator(data)
        _raise([place_fault(fault, display, locator) for fault in faults], path)
    loaded: dict[str, Any] = documents[0].data
    return loaded


def _references(document: Mapping[str, Any]) -> list[Finding]:
    """What the schema cannot say: names, times and zones that do not exist."""
    findings: list[Finding] = []
    targets = document.get("targets")
    default = document.get("default_target")
    if isinstance(default, str) and isinstance(targets, dict) and default not in targets:
        findings.append(
            Finding(
                "CFG001",
                ("default_target",),
                f'there is no target "{default[:60]}"',
                nearest(default, list(targets)),
            )
        )
    places: list[tuple[str | int, ...]] = [("defaults",)]
    if isinstance(targets, dict):
        places += [("targets", name, "defaults") for name in targets]
    for path in places:
        trigger: Any = document
        for part in (*path, "trigger"):
            trigger = trigger.get(part) if isinstance(trigger, dict) else None
        if isinstance(trigger, dict):
            # What holds a variable is looked at in the schedules that it is filled in for.
            times = {
                key: trigger[key] for key in _TIMES if "${{" not in str(trigger.get(key, "${{"))
            }
            findings += [
                replace(finding, code="CFG001", path=(*path, *finding.path))
                for finding in lint_document({"trigger": {"type": "cron", **times}})
            ]
    known = list(targets) if isinstance(targets, dict) else []
    return [*findings, *window_findings(document.get("windows"), known)]


def _limits(document: Mapping[str, Any]) -> Limits:
    made = {
        name: Limit(percent=limit.get("percent"), count=limit.get("count"))
        for name, limit in document.items()
        if name != "accept"
    }
    return Limits(**made, accept=tuple(document.get("accept") or ()))


def _code_limits(document: Mapping[str, Any], folder: Path) -> CodeLimits:
    known, said = CodeLimits(), document.get("code") or {}
    size = said.get("max_size")
    workspaces = [
        folder / str(target.get("workspace") or _WORKSPACE)
        for target in document["targets"].values()
        if target["provider"] == "local"
    ]
    return CodeLimits(
        said.get("max_files", known.files),
        known.size if size is None else size << 20,
        frozenset(place for path in workspaces for place in kept_by_workspace(path)),
    )


def _fill(
    value: Any, path: tuple[str | int, ...], findings: list[Finding], *, needed: bool = True
) -> Any:
    """`value` with what the environment says; not `needed`: Unset where that says nothing."""
    if isinstance(value, dict):
        return {k: _fill(v, (*path, k), findings, needed=needed) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(v, (*path, i), findings, needed=needed) for i, v in enumerate(value)]
    if not isinstance(value, str) or "${{" not in value:
        return value
    unset: list[str] = []

    def value_of(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        is_credential = _is_credential(match[1])
        if found is None and not is_credential and not needed:
            unset.append(match[1])
        elif found is None or is_credential:
            why = "is a credential, and is not read here" if is_credential else "is not set"
            findings.append(Finding("CFG001", path, f"the environment variable {match[1]} {why}"))
        return match[0] if found is None or is_credential else found

    filled = _ENV.sub(value_of, value)
    return Unset(unset[0]) if unset else filled


def _is_credential(name: str) -> bool:
    name = name.upper()  # Windows does not tell the case
    return name in _CREDENTIALS or name.startswith(_CREDENTIAL_PREFIXES)


def _raise_if_any(findings: Sequence[Finding], path: Path, root: Path, data: bytes) -> None:
    if findings:
        locator = Locator(data)
        display = display_path(path, root)
        _raise([place(finding, display, locator, 0) for finding in findings], path)


def _raise(problems: list[Problem], path: Path) -> None:
    problems = sorted(dict.fromkeys(problems), key=lambda problem: problem.order)
    what = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    raise ConfigError(f"{what} in {path.name}", problems=problems)
