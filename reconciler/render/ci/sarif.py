"""Remarks -> SARIF 2.1.0, for code scanning and for editors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from reconciler import __version__
from reconciler.declare.problem_codes import CODES
from reconciler.render.ci.remarks import PLAN_CODES, Remark
from reconciler.render.documents import dumps


def render_sarif(remarks: Sequence[Remark]) -> str:
    """A log of one run."""
    codes = sorted({remark.code for remark in remarks})
    index = {code: number for number, code in enumerate(codes)}
    driver = {
        "name": "reconciler",
        "version": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(remark, index) for remark in remarks],
    }
    return dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        }
    )


def _rule(code: str) -> dict[str, Any]:
    level: str
    if code in PLAN_CODES:
        level, title = PLAN_CODES[code]
    else:
        level, title = CODES[code].severity, CODES[code].title
    return {
        "id": code,
        "shortDescription": {"text": title},
        "defaultConfiguration": {"level": level},
    }


def _result(remark: Remark, index: Mapping[str, int]) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": remark.line, "startColumn": remark.column}
    if remark.end_column is not None:
        region["endColumn"] = remark.end_column
    location = {"artifactLocation": {"uri": quote(remark.path, safe="/")}, "region": region}
    message = remark.message + (f" ({remark.hint})" if remark.hint else "")
    return {
        "ruleId": remark.code,
        "ruleIndex": index[remark.code],
        "level": remark.level,
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
    }
