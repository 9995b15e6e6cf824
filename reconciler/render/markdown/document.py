"""The plan document -> Markdown for a pull request, within the size that a comment may have.

One collapsible section a target: what it would undo live, the pipelines that changed, what stops
firing. What does not fit is folded, the least important first: the details of changes, then whole
changes to their names, then names to counts; the text says what was folded. Every text of the
document is escaped: nobody vouches for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from reconciler.render import fire_words
from reconciler.render.markdown.change import Lengths
from reconciler.render.markdown.entry import lengths_of_entry
from reconciler.render.markdown.escaping import code, markup, prose
from reconciler.render.markdown.groups import ACTIONS, SECTIONS, Entry, entries_of, warnings_of
from reconciler.render.markdown.links import IN_LINKS, FileLinks
from reconciler.render.markdown.size_budget import COUNT, FULL, LINE, NAME, fold
from reconciler.render.plain_text import counted

Document = Mapping[str, Any]

BUDGET = 65_000
"""Bytes of UTF-8, and so characters too: GitHub takes 65,536, and a comment has a mark."""

_COUNTS = {
    "create": "to create",
    "update": "to update",
    "disable": "to disable",
    "skip": "skipped",
    "noop": "unchanged",
    "unmanaged": "unmanaged",
}
_OPENED = 3
"""So many changes are shown open; more of them wait to be opened."""
_OPENED_UNDONE = 10
"""Of those that somebody changed live: whoever merges has to have seen them."""
_FEW = 3
_LISTED = 20
"""So many notes or refusals are shown."""
_FOLDED = 40
"""What it takes to say that targets are left out."""


def render_markdown(document: Document, *, budget: int = BUDGET, link: str | None = None) -> str:
    """All plans; `link` leads to the whole, where there is such a place."""
    plans = document["plans"]
    head = f"# Plan for {len(plans)} targets: {_totals(plans)}\n\n" if len(plans) != 1 else ""
    left = budget - size(head) - (_FOLDED if len(plans) > 1 else 0)
    whole = [render_markdown_target(plan, budget=left, link=link) for plan in plans]
    parts: dict[int, str] = {}
    # The small ones first: what they leave of their share goes to the large ones.
    for number, index in enumerate(sorted(range(len(plans)), key=lambda index: size(whole[index]))):
        share = left // (len(plans) - number) - 1
        text = whole[index]
        if size(text) > share:
            text = render_markdown_target(plans[index], budget=share, link=link)
        if size(text) > share:
            text = f"- {code(plans[index]['target'])}: {summary(plans[index])}\n"
        if size(text) <= share:
            parts[index] = text
            left -= size(text) + 1
    rest = len(plans) - len(parts)
    told = "\n".join(parts[index] for index in sorted(parts))
    return head + told + (f"\nFolded to fit: {counted(rest, 'target')}.\n" if rest else "")


def render_markdown_target(
    plan: Document,
    *,
    budget: int = BUDGET,
    link: str | None = None,
    opened: bool = True,
    links: FileLinks | None = None,
) -> str:
    """The plan of one target, for a comment of its own; `opened`: its section is open; `links`:
    where its files are.
    """
    entries = entries_of(plan["changes"])
    few = len(entries) <= _OPENED
    undone = sum(entry.section == "undoes" for entry in entries) <= _OPENED_UNDONE
    lengths = [
        lengths_of_entry(
            entry,
            plan.get("impact"),
            opened=few or (undone and entry.section == "undoes"),
            links=links,
        )
        for entry in entries
    ]
    sizes = [(size(one.full) + 1, size(one.line), size(one.name) + 2) for one in lengths]
    room = budget
    while True:
        levels = fold(sizes, room)
        text = _target(plan, entries, lengths, levels, link, opened)
        excess = size(text) - budget
        if excess <= 0 or room <= 0:
            return text
        room = max(0, min(room, budget) - excess)


def size(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def summary(plan: Document) -> str:
    """`1 to create, 2 to update, 3 unchanged`."""
    counts = plan["summary"]
    said = ", ".join(f"{counts[k]:,} {words}" for k, words in _COUNTS.items() if counts[k])
    if is_pending(plan) or counts["skip"]:
        return said
    return f"nothing to change{', ' if said else ''}{said}"


def is_pending(plan: Document) -> bool:
    """Whether an apply would change something."""
    return any(plan["summary"][action] for action in ("create", "update", "disable"))


def _totals(plans: Sequence[Document]) -> str:
    total: Counter[str] = Counter()
    for plan in plans:
        total.update(plan["summary"])
    return summary({"summary": total})


def _headline(plan: Document) -> str:
    """The counts, and what a reviewer has to look at: HTML of ours."""
    undone = sum(bool(change.get("undoes")) for change in plan["changes"])
    warnings = sum(warnings_of(change) for change in plan["changes"])
    said = [summary(plan)]
    said += [f"<b>undoes {counted(undone, 'live change')}</b>"] if undone else []
    said += [f"<b>{counted(warnings, 'warning')}</b>"] if warnings else []
    return "; ".join(said)


def _target(
    plan: Document,
    entries: Sequence[Entry],
    lengths: Sequence[Lengths],
    levels: Sequence[int],
    link: str | None,
    opened: bool,
) -> str:
    parts = [
        f"<details{' open' if opened else ''}>\n"
        f"<summary><b><code>{markup(plan['target'])}</code></b>: {_headline(plan)}</summary>\n",
        _listed("**Refused:** ", plan["refusals"]),
        _load(plan) if plan.get("impact") else "",
    ]
    told = list(zip(entries, lengths, levels, strict=True))
    for name, title in SECTIONS.items():
        section = [one for one in told if one[0].section == name]
        if section:
            number = len(section) if name == "job" else sum(len(e.changes) for e, _, _ in section)
            parts.append(f"#### {title}: {number:,}\n")
            parts.append(_section(section))
    changes = [change for change in plan["changes"] if change["action"] in ACTIONS]
    parts += [_notes(changes), _some(plan), _folded(entries, levels, link), "</details>\n"]
    return "\n".join(part for part in parts if part)


def _section(told: Sequence[tuple[Entry, Lengths, int]]) -> str:
    full = "\n".join(one.full for _, one, level in told if level == FULL)
    lines = "".join(one.line for _, one, level in told if level == LINE)
    names = ", ".join(one.name for _, one, level in told if level == NAME)
    counts = sum(len(entry.changes) for entry, _, level in told if level == COUNT)
    rest = f"{counts:,} more, not named here" if counts else ""
    short = " and ".join(part for part in (names, rest) if part)
    return "\n".join(part for part in (full, lines, short + "\n" if short else "") if part)


def _load(plan: Document) -> str:
    """How much runs, before and after; when most does, before and after."""
    impact = plan["impact"]
    before, after = fire_words.numbers(*(impact["per_day"][side] for side in ("before", "after")))
    said = f"{fire_words.runs_a_day(impact).capitalize()}: {before}" + (
        f", then {after}" if before != after else ""
    )
    if impact["busiest"] and is_pending(plan):
        most = [max(impact["busiest"], key=itemgetter(side)) for side in ("before", "after")]
        sides = zip(most, ("before", "after"), strict=True)
        minutes = {one["at"]: one for one, side in sides if one[side] > 1}
        if minutes:
            all_said = "; ".join(_minute(one, impact["start"]) for one in minutes.values())
            said += f". Busiest minute{'s' if len(minutes) > 1 else ''}: {all_said}"
    return "" if before == after == "0" else said + ".\n"


def _minute(busy: Document, start: str) -> str:
    at = fire_words.when(busy["at"], UTC, start)
    return f"{at} UTC, {busy['before']:,} before, {busy['after']:,} after"


def _notes(changes: Sequence[Document]) -> str:
    """What the target rewrites or approximates, each said once."""
    counts = Counter(note["message"] for change in changes for note in change["notes"])
    notes = [f"{prose(text)} ({counted(n, 'schedule')})" for text, n in counts.items()]
    return _bullets("**Note:** ", notes)


def _some(plan: Document) -> str:
    """Who is counted and told of nowhere else: the first of them."""
    kinds = {"unmanaged": "Unmanaged", "gone": "Removed, and disabled already"}
    lines = []
    for kind, label in kinds.items():
        if some := plan.get(kind):
            names = some["names"][:_FEW]
            more = some["count"] - len(names)
            told = ", ".join(code(name) for name in names) + (f" and {more:,} more" if more else "")
            lines.append(f"- {label}: {told}\n")
    return "".join(lines)


def _listed(label: str, texts: Sequence[str]) -> str:
    return _bullets(label, [prose(text) for text in texts])


def _bullets(label: str, texts: Sequence[str]) -> str:
    lines = [f"- {label}{text}\n" for text in texts[:_LISTED]]
    if len(texts) > _LISTED:
        lines.append(f"- {label}and {len(texts) - _LISTED:,} more\n")
    return "".join(lines)


def _folded(entries: Sequence[Entry], levels: Sequence[int], link: str | None) -> str:
    """What is not told in full, and where it is."""
    counts: Counter[int] = Counter()
    for entry, level in zip(entries, levels, strict=True):
        counts[level] += len(entry.changes)
    kinds = ((LINE, "in a line"), (NAME, "by name"), (COUNT, "as a number"))
    said = ", ".join(f"{counts[level]:,} {words}" for level, words in kinds if counts[level])
    # Of a link only what may stand in one is kept: it comes from the environment of a CI job.
    whole = f"[The whole plan](<{quote(link, safe=IN_LINKS)}>)" if link else ""
    if not said:
        return whole + "\n" if whole else ""
    folded = f"Folded to fit: {counted(sum(counts.values()) - counts[FULL], 'change')}; {said}. "
    return f"{folded}{whole or '`reconciler plan` shows the whole.'}\n"
