"""Every code has a page, and what a page shows is so: its Wrong gives the code and no other, its
Right gives nothing. The examples stand in a repository that has a job file and two targets.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers import ROOT

from reconciler.cli import main_group
from reconciler.cli.commands.explain import PAGES, TOPICS
from reconciler.config import load_config
from reconciler.declarations import declarations_of
from reconciler.declare.problem_codes import CODES
from reconciler.errors import ConfigError, DeclarationError
from reconciler.model import Cron, Recurrence
from reconciler.plan.options import PlanOptions
from reconciler.providers import Opening, open_provider
from reconciler.providers.azureml.cron import settle_cron
from reconciler.reconcile import plan_target

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EXAMPLE = "schedules/example.yml"
REPOSITORY = {
    "reconciler.yaml": """\
owner: vision-team
schedules: [schedules]
default_target: local
targets:
  local:
    provider: local
    workspace: local.db
    variables: { zone: Europe/Lisbon }
    datastores: { inbox: { url: data/inbox } }
  prod: { provider: local, workspace: prod.db }
""",
    "schedules/pipelines/train.yml": """\
type: pipeline
inputs:
  epochs: 5
  data: { type: string, default: x }
jobs:
  train:
    command: echo ${{inputs.epochs}} ${{inputs.data}}
    inputs: { epochs: "${{parent.inputs.epochs}}", data: "${{parent.inputs.data}}" }
""",
}
SCHEDULE = """\
name: nightly-train
description: Previsão diária
trigger: { type: cron, expression: "0 2 * * *" }
create_job: ./pipelines/train.yml
"""
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# file: (\S+)\n")

PAGE_TEXTS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted(PAGES.glob("*.md"))
    if path.stem not in TOPICS
}


def sections(text: str) -> dict[str, str]:
    """The text under each `## heading`."""
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def files_in(section: str) -> dict[str, str]:
    """The YAML blocks of a section by the file that each stands for."""
    files: dict[str, str] = {}
    for language, block in FENCE.findall(section):
        if language == "yaml":
            named = FILE.match(block)
            files[named[1] if named else EXAMPLE] = block
    return files


YAML_PAGES = [code for code, text in PAGE_TEXTS.items() if "```yaml" in text]


def write(root: Path, files: Mapping[str, str]) -> None:
    (root / ".git").mkdir(parents=True)  # what no path may leave
    for name, text in {**REPOSITORY, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def codes_of(root: Path) -> set[str]:
    """The codes that `validate`, and where it finds no error `plan` for the first target, give."""
    try:
        config = load_config(root / "reconciler.yaml")
    except ConfigError as error:
        return {problem.code for problem in error.problems}
    targets = [config.target(name, to_open=False) for name in config.target_names]
    declarations = declarations_of(config, targets, now=NOW)
    codes = {problem.code for problem in declarations.problems}
    if not declarations.errors and "SCH080" not in codes:
        first = config.target(targets[0].name)
        provider = open_provider(first, Opening(config.folder, config.owner))
        declared = [s for s in declarations.schedules if s.key.target == first.name]
        try:
            plan_target(
                declared, provider, owner=config.owner, options=PlanOptions(allow_empty=True)
            )
        except DeclarationError as error:
            codes |= {problem.code for problem in error.problems}
    return codes


CRON_PAGE = (PAGES / "cron.md").read_text(encoding="utf-8")

# ------------------------------------------------------------------------------------- the pages


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert sorted(PAGE_TEXTS) == sorted(CODES)


@pytest.mark.parametrize("code", PAGE_TEXTS)
def test_page_has_its_title_its_sections_and_fits_a_terminal(code: str) -> None:
    text = PAGE_TEXTS[code]
    assert text.splitlines()[0] == f"# {code}: {CODES[code].title}"
    assert list(sections(text)) == ["Wrong", "Right", "What to do"]
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert [line for line in text.splitlines() if len(line) > 90 or line != line.rstrip()] == []


@pytest.mark.parametrize("code", PAGE_TEXTS)
def test_page_names_only_codes_that_there_are(code: str) -> None:
    assert set(re.findall(r"\b[A-Z]{3}\d{3}\b", PAGE_TEXTS[code])) <= set(CODES)


# ---------------------------------------------------------------------------------- the examples


def test_the_repository_of_the_examples_has_no_problem(tmp_path: Path) -> None:
    write(tmp_path, {EXAMPLE: SCHEDULE})
    assert codes_of(tmp_path) == set()


@pytest.mark.parametrize("code", YAML_PAGES)
def test_wrong_gives_the_code_and_no_other(code: str, tmp_path: Path) -> None:
    files = files_in(sections(PAGE_TEXTS[code])["Wrong"])
    assert files
    write(tmp_path, files)
    assert codes_of(tmp_path) == {code}


@pytest.mark.parametrize("code", YAML_PAGES)
def test_right_gives_no_problem(code: str, tmp_path: Path) -> None:
    files = files_in(sections(PAGE_TEXTS[code])["Right"])
    assert files
    write(tmp_path, files)
    assert codes_of(tmp_path) == set()


# What the listings of the other pages show: the file schedules/example.yml, made by hand.


def _a_link_to_nothing(path: Path) -> None:
    path.symlink_to("../shared/nightly.yml")


def _a_link_that_leads_out(path: Path) -> None:
    outside = path.parents[2] / "drafts.yml"
    outside.write_text(SCHEDULE, encoding="utf-8")
    path.symlink_to(outside)


def _too_large(path: Path) -> None:
    many = (SCHEDULE.replace("nightly", f"nightly-{n}") for n in range(8_000))
    path.write_text("---\n".join(many), encoding="utf-8")


def _latin_1(path: Path) -> None:
    path.write_text(SCHEDULE, encoding="latin-1")


def _long_command(path: Path) -> None:
    path.write_text(f"type: command\ncommand: {'a' * 65_537}\n", encoding="utf-8")


def _data_that_is_no_file(path: Path) -> None:
    path.write_text("type: command\ncommand: ls\ninputs: {d: {path: ./data}}\n")
    (path.parent / "data").mkdir()
    os.mkfifo(path.parent / "data/pipe")


def _a_submodule(path: Path) -> None:
    path.write_text(SCHEDULE, encoding="utf-8")
    (path.parents[1] / ".git/absent").write_text("schedules/team-x\0", encoding="utf-8")


def _left_out_by_the_loop(path: Path) -> None:
    path.write_text(SCHEDULE, encoding="utf-8")
    (path.parents[1] / ".git/outside").write_text("schedules/team-x/\0web/\0", encoding="utf-8")


def _a_sparse_checkout(path: Path) -> None:
    root = path.parents[1]
    (root / ".git").rmdir()
    for name in ("x", "y"):
        (path.parent / name).mkdir()
        text = SCHEDULE.replace("nightly", name).replace("./", "../")
        (path.parent / name / "s.yml").write_text(text, encoding="utf-8")
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com")
    for args in (
        ("init", "--quiet"),
        ("add", "--all"),
        (*identity, "commit", "--quiet", "--message", "x"),
        ("sparse-checkout", "set", "schedules/x", "schedules/pipelines"),
    ):
        subprocess.run(["git", "-C", str(root), *args], check=True, timeout=60)


def _a_pointer(path: Path) -> None:
    oid = "0" * 64
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 4\n")


def _a_damaged_repository(path: Path) -> None:
    path.write_text(SCHEDULE, encoding="utf-8")
    (path.parents[1] / ".git/HEAD").write_text("nothing that Git knows\n")


BY_HAND: dict[str, Callable[[Path], None]] = {
    "SCH001": _a_link_to_nothing,
    "SCH002": _a_link_that_leads_out,
    "SCH003": _too_large,
    "SCH004": _latin_1,
    "SCH042": _long_command,
    "SCH047": _data_that_is_no_file,
    "SCH048": _a_submodule,
    "SCH049": _a_sparse_checkout,
    "SCH050": _a_pointer,
    "SCH051": _a_damaged_repository,
    "SCH067": _left_out_by_the_loop,
}


_ASKED = ("TGT002", "TGT003", "TGT004")
"""A workspace in Azure says these: tests/providers/azureml/deploy/test_preflight.py; the last one a
namespace of Temporal: tests/worker/test_command.py.
"""


def test_every_page_has_its_examples_tried() -> None:
    assert sorted([*YAML_PAGES, *BY_HAND, *_ASKED]) == sorted(CODES)


@pytest.mark.parametrize("code", BY_HAND)
def test_what_a_listing_shows_gives_the_code_and_no_other(code: str, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    write(root, {})
    BY_HAND[code](root / EXAMPLE)
    assert codes_of(root) == {code}


# ----------------------------------------------------------------------------------- the command


def test_explain_lists_every_code() -> None:
    result = CliRunner().invoke(main_group, ["explain"])
    assert result.exit_code == 0
    rows = result.output.splitlines()[1:]
    assert [row.split()[0] for row in rows] == list(CODES)
    for row, entry in zip(rows, CODES.values(), strict=True):
        assert row.split(maxsplit=2)[1:] == [entry.severity, entry.title]


@pytest.mark.parametrize("code", CODES)
def test_explain_prints_the_page_as_it_stands(code: str) -> None:
    result = CliRunner().invoke(main_group, ["explain", code.lower()])
    assert result.exit_code == 0
    assert result.output == PAGE_TEXTS[code]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_a_page_of_the_documentation_too(topic: str) -> None:
    result = CliRunner().invoke(main_group, ["explain", topic.upper()])
    page = (ROOT / "docs" / f"{topic}.md").read_text(encoding="utf-8")
    assert (result.exit_code, result.output) == (0, page)
    assert set(re.findall(r"SCH\d{3}", page)) <= set(CODES)


@pytest.mark.parametrize("row", re.findall(r"^\| `0 .*", CRON_PAGE, re.MULTILINE))
def test_what_the_page_on_cron_says_is_sent(row: str) -> None:
    declared, sent = row.strip("| ").split(" | ")
    for expression in re.findall(r"`([^`]+)`", declared):
        trigger, note, refused = settle_cron(Cron(expression))
        if sent.startswith("as it stands"):
            assert (trigger, note, refused) == (Cron(expression), None, None)
        elif sent.startswith("refused"):
            assert refused is not None
        else:
            kind, *_ = re.findall(r"`([^`]+)`", sent) or [Recurrence]
            assert note is not None
            assert isinstance(trigger, Recurrence) if kind is Recurrence else trigger == Cron(kind)


def test_explain_of_an_unknown_code_suggests_one() -> None:
    result = CliRunner().invoke(main_group, ["explain", "SCH114"])
    assert result.exit_code == 2
    assert 'there is no code "SCH114"; did you mean SCH014?' in result.output
