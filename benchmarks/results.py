"""Every figure, section by section, into RESULTS.md.

results.py [PART]... [--since DATE] [--small]: measures the sections whose title contains one of
PART (all of them without one), each by a script of its own, and puts what that prints in the place
of what stood there, with the command, the time and the load of the machine before and after. The
file is written after each section, so a run that ends early loses nothing: with --since those that
were measured on that day or later are left out, which goes on where it ended.

What is not measured now stays as it is: other sections, what somebody wrote under a title of
another name, and in a section what stands below "Noted by hand". A script that fails is said at the
end, and its section stays too. --small tries every script at a small size, and writes to
work/SMALL.md: figures of that mean nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
SMALL = HERE / "work" / "SMALL.md"
BY_HAND = "### Noted by hand"
"""What stands below it in a section stays."""
OURS = sys.executable
PEER = str(HERE / "work" / "peer" / "bin" / "python")
"""An environment that has the peers as well, which run.py makes."""
PREAMBLE = """\
# Results

Written by `make benchmark`, which measures each section by the script that is named in it; other
work on the machine shows in its load, the number of processes that wanted a CPU. What is compared,
and how: [README.md](README.md).
"""


class Section(NamedTuple):
    """A title, the command below it, and what is to be said of its figures."""

    title: str
    script: str
    arguments: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    """The arguments of a run that only shows that the script works."""
    python: str = OURS
    about: str = ""


SECTIONS = (
    Section("Whole commands", "run.py", small=("--quick",)),
    Section("The next fire", "firing.py", small=("200",), python=PEER),
    Section(
        "What a plan does to fires",
        "impact.py",
        small=("100",),
        about="The goal, for 14 days: a second.",
    ),
    Section("The engine, 10,000 schedules", "engine.py", small=("100",), python=PEER),
    Section(
        "The engine while pages and Azure's API are asked for",
        "serving.py",
        small=("5", "20"),
        about="1,000 schedules fire within a minute, and their runs run, while another process"
        "\nasks for 200 things a second: half pages, half API, a write in fifty. A fire counts when"
        "\nit is on the disk. Latencies are from when a request was due.",
    ),
    Section(
        "The workspace's pages over a million runs",
        "workspace_pages.py",
        small=("20", "500", "2"),
        about="10,000 schedules, 1,000,000 runs of two weeks. The goal is 200 ms for each at p95."
        "\nCPU is that of server and client together. Before days of runs were summed, the overview"
        "\ntook 119 ms of CPU without its lists, experiments 967, the 2,000th page of runs 327.",
    ),
    Section(
        "Pages of targets",
        "pages.py",
        small=("3", "60", "2"),
        about="Goal: 200 ms at the server (p95). `{t}` and `{s}` are another target and schedule"
        "\neach time. What a cycle pays for it is the CPU of writing how a target of 10,000"
        "\nschedules stands, where nothing is new, and where everything is.",
    ),
    Section(
        "The loop",
        "loop.py",
        small=("50", "4"),
        about="A cycle of `run` with nothing to do looks at the stat of every file, lists every"
        "\nlive schedule, compares, and writes to its state.",
    ),
    Section("One loop over many targets", "scale.py", ("40", "1000", "30"), small=("3", "20", "3")),
    Section("One target of 100,000 schedules", "large.py", small=("100",)),
    Section("Code", "published_code.py", small=("20", "4", "5", "1")),
    Section("A folder of a large repository", "monorepo.py", small=("5", "3")),
    Section("Azure Machine Learning, against a stand-in", "azure.py", small=("--quick",)),
    Section("An audit of a workspace of Azure", "audits.py", small=("30",)),
    Section("Temporal, beside Prefect", "temporal.py", small=("5", "5")),
)


def read(text: str) -> dict[str, str]:
    """The sections of a file, by title, in order; what stands before the first is left out."""
    found: dict[str, str] = {}
    for part in f"\n{text}".split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        found[title.strip()] = body.strip("\n")
    return found


def written(sections: Mapping[str, str]) -> str:
    """A file of them; those that are measured in their order, others behind them."""
    order = [one.title for one in SECTIONS if one.title in sections]
    order += [title for title in sections if title not in order]
    return "\n".join([PREAMBLE, *(f"## {title}\n\n{sections[title]}\n" for title in order)])


def measured(section: Section, run: Callable[[Section], str]) -> str:
    """The body of a section, measured now. subprocess.CalledProcessError."""
    before = os.getloadavg()[0]
    output = run(section).strip("\n")
    if output.startswith(("# ", "## ")):  # the script's own title
        output = output.partition("\n")[2].strip("\n")
    told = (
        f"`{' '.join((section.script, *section.arguments))}`, {datetime.now(UTC):%Y-%m-%d}, "
        f"{os.cpu_count()} CPUs; load {before:.1f} before it, {os.getloadavg()[0]:.1f} after it."
    )
    return "\n\n".join(filter(None, (told, section.about, output)))


def day_of(body: str) -> str:
    """When a section was measured, as 2026-11-29; empty where it does not say."""
    found = re.match(r"`[^`]+`, (\d{4}-\d{2}-\d{2}), ", body)
    return found[1] if found else ""


def noted(body: str) -> str:
    """What somebody wrote below the figures of a section, its heading included."""
    return body[body.index(BY_HAND) :] if BY_HAND in body else ""


def started(section: Section) -> str:
    """What its script prints."""
    command = [section.python, str(HERE / section.script), *section.arguments]
    return subprocess.run(
        command, cwd=HERE.parent, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def in_file(path: Path) -> dict[str, str]:
    """The sections of a file; none where there is no such file yet."""
    return read(path.read_text(encoding="utf-8")) if path.exists() else {}


def put(path: Path, title: str, body: str) -> None:
    """Into the file as it is now: it takes hours, and somebody may have written in it. At no moment
    is less than all of it on the disk.
    """
    sections = in_file(path)
    whole = "\n\n".join(filter(None, (body, noted(sections.get(title, "")))))
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(written({**sections, title: whole}), encoding="utf-8")
    new.replace(path)


def main(
    parts: list[str],
    run: Callable[[Section], str] = started,
    path: Path = RESULTS,
    *,
    since: str = "9999",
    small: bool = False,
) -> int:
    """How many failed."""
    wanted = [one for one in SECTIONS if not parts or any(part in one.title for part in parts)]
    if not wanted:
        sys.exit(f"no section is called that; there are: {', '.join(s.title for s in SECTIONS)}")
    failed: list[str] = []
    for section in wanted:
        day = day_of(in_file(path).get(section.title, ""))
        if day >= since:
            print(f"== {section.title}: measured on {day}", file=sys.stderr, flush=True)
            continue
        print(f"== {section.title}", file=sys.stderr, flush=True)
        sized = section._replace(arguments=section.small) if small else section
        try:
            body = measured(sized, run)
        except (OSError, subprocess.CalledProcessError) as error:
            failed.append(f"{section.title}: {error}")
            continue
        put(path, section.title, body)
    for line in failed:
        print(f"not measured: {line}", file=sys.stderr)
    return len(failed)


def given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--since", default="9999", metavar="DATE", help="such as 2026-11-29")
    parser.add_argument("--small", action="store_true", help="try the scripts, to work/SMALL.md")
    return parser.parse_args()


if __name__ == "__main__":
    asked = given()
    where = SMALL if asked.small else RESULTS
    sys.exit(1 if main(asked.parts, path=where, since=asked.since, small=asked.small) else 0)
