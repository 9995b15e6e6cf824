"""What an import of a file would write, looked at as `validate` will: is it refused there?"""

from __future__ import annotations

from pathlib import Path

from reconciler.declare.checking.json_schema import schema_findings
from reconciler.declare.checking.lint import lint_document
from reconciler.declare.findings import Path as KeyPath
from reconciler.declare.findings import clip
from reconciler.declare.jobs.job_files import REGISTERED
from reconciler.declare.problem_codes import CODES
from reconciler.declare.reading.yaml_loader import parse
from reconciler.importing import Imported


def refusals(imported: Imported, root: Path, repository: Path) -> list[tuple[KeyPath, str]]:
    """The keys of a declaration that would be refused, each with why; none where it can be written.

    `root`: the folder that it would be written to; `repository`: what no path may lead out of.
    """
    documents, faults = parse(next(iter(imported.files.values())))
    if faults:
        return [((), faults[0].message)]
    document = documents[0].data
    variables = bool(imported.variables)  # what they stand for is not known
    findings = lint_document(document) if not variables else []
    said = {finding.path for finding in findings}
    findings += [f for f in schema_findings(document, "schedule") if f.path not in said]
    wrong = [
        (one.path, f"{one.message} [{one.code}]")
        for one in findings
        if CODES[one.code].severity == "error"
    ]
    return [*wrong, *_job(document.get("create_job"), root, repository)]


def _job(given: object, root: Path, repository: Path) -> list[tuple[KeyPath, str]]:
    reference = given.get("job") if isinstance(given, dict) else given
    if not isinstance(reference, str) or reference.startswith(REGISTERED) or "${{" in reference:
        return []
    key: KeyPath = ("create_job", "job") if isinstance(given, dict) else ("create_job",)
    place = (root / reference).resolve()
    if not place.is_relative_to(repository.resolve()):
        why = f'its job file "{clip(reference)}" is not in the repository: bring it there first'
        return [(key, why)]
    if not place.is_file():
        return [(key, f'there is no job file "{clip(reference)}"')]
    return []
