"""Every code that a Problem can have: its severity and its title.

The page that `reconciler explain CODE` prints is `reconciler/explain/CODE.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """`title` finishes the sentence "this code means that ..."."""

    severity: Severity
    title: str


def _error(title: str) -> Code:
    return Code("error", title)


def _warning(title: str) -> Code:
    return Code("warning", title)


CODES: dict[str, Code] = {
    "SCH001": _error("a file or folder cannot be read"),
    "SCH002": _error("a path leads out of the repository"),
    "SCH003": _error("a file is too large, too deep or holds too much"),
    "SCH004": _error("a file is not UTF-8"),
    "SCH005": _error("a file is not valid YAML"),
    "SCH006": _error("a key stands twice in one mapping"),
    "SCH007": _error("a part of YAML is used that is not read here"),
    "SCH008": _error("a file or document declares nothing"),
    "SCH009": _error("a file is another kind of Azure resource"),
    "SCH010": _error("a value is missing or of the wrong type"),
    "SCH011": _error("a key is not known"),
    "SCH012": _error("a cron expression is wrong"),
    "SCH013": _error("an hour, minute or day is out of range"),
    "SCH014": _error("a time zone is not known"),
    "SCH015": _error("an interval is out of bounds"),
    "SCH016": _error("the pattern does not go with the frequency"),
    "SCH017": _error("time_of_day stands beside hours or minutes"),
    "SCH018": _error("a start or end time has an offset"),
    "SCH019": _error("a start or end time is not a date and time"),
    "SCH020": _error("the end is not after the start"),
    "SCH021": _warning("the end has passed"),
    "SCH022": _warning("short months are skipped"),
    "SCH023": _warning("a clock change skips or repeats a time"),
    "SCH024": _error("a data path is given without a datastore trigger"),
    "SCH025": _error("a name is not allowed"),
    "SCH026": _error("a name is declared twice in one target"),
    "SCH027": _error("a target does not exist"),
    "SCH028": _error("a job file does not exist"),
    "SCH029": _error("a file is not a pipeline or command job"),
    "SCH030": _error("an input is not declared by the job"),
    "SCH031": _error("a variable is not known"),
    "SCH032": _error("the steps of a job do not fit together"),
    "SCH033": _error("an input of the job has no value"),
    "SCH034": _warning("two job files publish under one name"),
    "SCH035": _error("a path matches no file"),
    "SCH036": _error("a hold does not say until when"),
    "SCH037": _warning("a hold is over"),
    "SCH038": _error("a trigger never fires"),
    "SCH039": _warning("the steps of a cron expression are uneven"),
    "SCH040": _warning("days of the month and of the week stand together"),
    "SCH041": _warning("a cron expression is read in another way than it looks"),
    "SCH042": _error("a command is too long"),
    "SCH043": _warning("a command takes text for code"),
    "SCH044": _error("a step is of no kind that is known"),
    "SCH045": _warning("a binding is of an old form"),
    "SCH046": _warning("a type of an input or an output is not known"),
    "SCH047": _error("local data cannot be published with its job"),
    "SCH048": _error("a submodule is not checked out"),
    "SCH049": _error("files are left out by a sparse checkout"),
    "SCH050": _error("a file is a pointer of Git LFS"),
    "SCH051": _warning("Git does not say what is checked out"),
    "SCH052": _error("an old name is in use"),
    "SCH071": _error("a move to another target is not as it can be"),
    "SCH072": _warning("a move to another target is over"),
    "SCH079": _warning("what looks like a variable is none"),
    "SCH080": _warning("a value of the environment is not known"),
    "SCH067": _error("files are left out by the loop"),
    "SCH053": _warning("a value is read in two ways"),
    "SCH073": _error("a number of a trigger is read in two ways"),
    "SCH055": _error("code or a file that a job brings along cannot be taken"),
    "SCH056": _error("a component file cannot be used"),
    "SCH057": _warning("local data is not there"),
    "SCH058": _warning("a step names what its component does not have"),
    "SCH059": _warning("a setting of a job stands in the wrong place"),
    "SCH074": _warning("a setting of a job is not known"),
    "SCH069": _error("a path leads out of its datastore"),
    "CFG001": _error("reconciler.yaml is wrong"),
    "POL001": _error("a schedule is not as a policy's schema has it"),
    "POL002": _error("more fires come together than a policy allows"),
    "POL003": _error("a schedule fires when a policy has nothing fire"),
    "POL004": _error("two schedules of a pipeline fire closer together than a policy allows"),
    "TGT001": _error("a target cannot do what is declared"),
    "TGT002": _error("a target has not what a schedule needs"),
    "TGT003": _warning("what a schedule needs could not be looked at"),
    "TGT004": _warning("no worker takes the steps of a schedule"),
}
