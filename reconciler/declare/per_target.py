"""One declaration -> its Schedule in each target, and what is wrong with it. Pure.

Most declarations are the same in every target and hold no variable: those are checked and built
once, and only their key differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.declare.checking.json_schema import schema_findings
from reconciler.declare.checking.lint import lint_document, lint_schedule, lint_settings, nearest
from reconciler.declare.findings import Finding, Path, clip
from reconciler.declare.holds import settle, stricter
from reconciler.declare.jobs.job_document import JobFile, input_findings
from reconciler.declare.moves import handed_over, lint_move, move_of, moved
from reconciler.declare.problem_codes import CODES
from reconciler.declare.resolve import TargetSettings, is_plain, resolve
from reconciler.document import schedule_from_document
from reconciler.model import Job, JobDefinition, Key, Schedule, Source, data_path_of

InTarget = Callable[[JobDefinition, TargetSettings], JobDefinition]
JobOf = Callable[[str], tuple[JobFile | None, Finding | None]]
"""A reference as written -> the job file, or a Finding; neither for a registered job."""


def declare(
    data: Mapping[str, Any],
    source: Source,
    targets: Sequence[TargetSettings],
    *,
    variables: bool,
    job_of: JobOf,
    now: datetime,
    in_target: InTarget | None = None,
) -> tuple[list[Schedule], list[Finding]]:
    """The schedules of a declaration in `targets`: none in a target where it has an error.

    `variables`: whether the file may hold variables. `now`: an aware instant. `in_target`: a job
    with what a target says of it.
    """
    # A value that a variable stands for is only known in a target; lint looks at it there.
    lint = [*([] if variables else lint_document(data)), *lint_move(data)]
    schema = schema_findings(data, "schedule")
    findings = [*_without_said(schema, lint), *lint]
    sound = not findings
    if not sound:
        # What is wrong elsewhere hides nothing that is wrong with the job.
        wrong = {finding.path for finding in findings}
        findings += [f for f in _job_findings(data, job_of) if f.path not in wrong]
    schedules: list[Schedule] = []
    shared: Schedule | None = None
    built = False
    special: dict[str, list[Finding]] = {}
    wanted, move = data.get("targets"), move_of(data)
    for settings in targets:
        leaves = move is not None and settings.name == move.target
        if isinstance(wanted, list) and settings.name not in wanted and not leaves:
            continue
        if not variables and is_plain(data, settings):
            if sound and not built:
                shared, new = _build(data, settings, source, job_of, now)
                findings += new
                built = True
            schedule = shared
            if shared is not None and shared.key.target != settings.name:
                schedule = replace(shared, key=Key(settings.name, shared.key.name))
        else:
            resolved, new = resolve(data, settings)
            new = _without_said(new, schema)
            again = _without_said(lint_document(resolved), new)
            if not schema:
                new += _without_said(schema_findings(resolved, "schedule"), [*new, *again])
            new += again
            schedule = None
            if not new and not schema:
                schedule, new = _build(resolved, settings, source, job_of, now)
            placed = [_into_override(data, settings.name, finding) for finding in new]
            special[settings.name] = [finding for finding in placed if finding not in findings]
        if schedule is not None and move is not None:
            if move.at is None:
                goes = wanted if isinstance(wanted, list) else ()
                schedule, new = handed_over(schedule, move, tuple(map(str, goes)), now)
            else:
                schedule, new = moved(schedule, move, now)
            if schedule is not None and not leaves:
                schedule = replace(schedule, came_from=move.target)
            findings += [finding for finding in new if finding not in findings]
        if schedule is not None:
            definition = schedule.job.definition
            if in_target is not None and definition is not None and settings.components:
                job = replace(schedule.job, definition=in_target(definition, settings))
                schedule = replace(schedule, job=job)
            if settings.mode != "heal":
                schedule = replace(schedule, mode=stricter(settings.mode, schedule.mode))
            schedules.append(schedule)
    return schedules, findings + _by_target(special, len(targets))


def _by_target(found: Mapping[str, list[Finding]], targets: int) -> list[Finding]:
    """What was found in each target, once; with the target where it is not so in all of them."""
    holds: dict[Finding, list[str]] = {}
    for target, findings in found.items():
        for finding in findings:
            holds.setdefault(finding, []).append(target)
    return [
        finding
        if len(names) == targets or "overrides" in finding.path
        else replace(finding, message=f"{finding.message} (target {', '.join(names)})")
        for finding, names in holds.items()
    ]


def _job_findings(data: Mapping[str, Any], job_of: JobOf) -> list[Finding]:
    """What is wrong with the job that a document names, as far as it names one."""
    job = data.get("create_job")
    reference, path = (job.get("job"), ("job",)) if isinstance(job, dict) else (job, ())
    if not isinstance(reference, str) or "${{" in reference:
        return []
    job_file, finding = job_of(reference)
    if finding is not None:
        return [replace(finding, path=("create_job", *path))]
    inputs = job.get("inputs") if isinstance(job, dict) else None
    trigger = data.get("trigger")
    if job_file is None or not isinstance(inputs or {}, dict) or not isinstance(trigger, dict):
        return []
    data_path = trigger.get("data_path_parameter_name")
    return input_findings(
        Job(reference, inputs=inputs or {}),
        job_file.inputs,
        data_path if isinstance(data_path, str) else None,
    )


def _build(
    document: Mapping[str, Any],
    settings: TargetSettings,
    source: Source,
    job_of: JobOf,
    now: datetime,
) -> tuple[Schedule | None, list[Finding]]:
    """A sound document as a Schedule; None where its job file or inputs are wrong."""
    job = document["create_job"]
    reference, path = (job, ()) if isinstance(job, str) else (job["job"], ("job",))
    job_file, finding = job_of(reference)
    if finding is not None:
        return None, [replace(finding, path=("create_job", *path))]
    try:
        schedule = schedule_from_document(
            document,
            Key(settings.name, document["name"]),
            source,
            job_file.definition if job_file else None,
        )
    except (ValueError, KeyError, OverflowError) as error:  # neither schema nor lint knew it
        return None, [Finding("SCH010", (), f"it cannot be read: {clip(str(error))}")]
    findings: list[Finding] = []
    if job_file is not None:
        data_path = data_path_of(schedule.trigger)
        findings += input_findings(schedule.job, job_file.inputs, data_path)
    findings += lint_settings(schedule.job)
    findings += lint_schedule(schedule, now)
    schedule, over = settle(schedule, document, now, settings.time_zone)
    findings += over
    broken = any(CODES[finding.code].severity == "error" for finding in findings)
    return None if broken else schedule, findings


def target_findings(data: Mapping[str, Any], known: Sequence[str]) -> list[Finding]:
    """Targets that `reconciler.yaml` does not know; `known` is empty where there is none."""
    targets, overrides, move = data.get("targets"), data.get("overrides"), data.get("moved_from")
    if not known or (targets is None and overrides is None and move is None):
        return []
    named: list[tuple[Path, Any]] = []
    if isinstance(targets, list):
        named += [(("targets", i), name) for i, name in enumerate(targets)]
    if isinstance(overrides, dict):
        named += [(("overrides", name), name) for name in overrides]
    if isinstance(move, dict):
        named.append((("moved_from", "target"), move.get("target")))
    elif isinstance(move, str):
        named.append((("moved_from",), move))
    return [
        Finding(
            "SCH027",
            path,
            f'the target "{clip(name)}" does not exist',
            nearest(name, list(known)),
            "key" if path[0] == "overrides" else "value",
        )
        for path, name in named
        if isinstance(name, str) and name not in known
    ]


def _without_said(findings: list[Finding], better: list[Finding]) -> list[Finding]:
    """Those about another place than any that is put better: a schema says less than lint does,
    and all that is wrong with a variable that is not known is that it is not known.
    """
    said = {finding.path for finding in better}
    return [finding for finding in findings if finding.path not in said]


def _into_override(data: Mapping[str, Any], target: str, finding: Finding) -> Finding:
    """Point at the override where that is where the value stands."""
    inside: Any = data
    path = ("overrides", target, *finding.path)
    for part in path:
        try:
            inside = inside[part]
        except (KeyError, IndexError, TypeError):
            return finding
    return replace(finding, path=path)
