"""The last runs as small bars: height is duration, colour is outcome. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from markupsafe import Markup, escape

from reconciler.web.template_filters import path_of
from reconciler.web.times import about, said
from reconciler.workspace.store.listings.outcomes import EACH, RecentRun

WIDTH, HEIGHT, STEP = 6, 22, 8
_LOWEST = 4
_WORDS = {
    "Completed": "completed",
    "Failed": "failed",
    "Canceled": "canceled",
    "Running": "running",
    "NotStarted": "waiting",
}


@dataclass(frozen=True, slots=True)
class RunBar:
    """A run. `x` from the left, `height` from below, of WIDTH and HEIGHT."""

    run: str
    x: int
    height: int
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class RunBars:
    """The last runs, the newest at the right; `words` for whoever cannot see them."""

    bars: tuple[RunBar, ...]
    last: RecentRun | None
    words: str

    @property
    def picture(self) -> Markup:
        """The bars as SVG, each leading to its run; written here, for a list has hundreds."""
        drawn = "".join(
            f'<a href="{path_of("runs", bar.run)}" tabindex="-1"><path d="M{bar.x} 0h8v24h-8z"'
            f' class="reach"/><rect x="{bar.x}" y="{HEIGHT + 1 - bar.height}" width="{WIDTH}"'
            f' height="{bar.height}" rx="1" class="runbar {bar.kind}"/>'
            f"<title>{escape(bar.title)}</title></a>"
            for bar in self.bars
        )
        size = f'width="{EACH * STEP}" height="24" viewBox="0 0 {EACH * STEP} 24"'
        return Markup(f'<svg class="runbars" {size} aria-hidden="true">{drawn}</svg>')


def run_bars(runs: Sequence[RecentRun]) -> RunBars:
    """Bars of runs, the oldest first; each as high as it took of the longest of them."""
    longest = max((run.seconds or 0.0 for run in runs), default=0.0)
    start = EACH - len(runs)
    bars = tuple(
        RunBar(
            run.name,
            (start + number) * STEP,
            _height(run.seconds, longest),
            run.status.lower() if run.status in _WORDS else "",
            f"{said(run.at)}: {_WORDS.get(run.status, run.status)}{_took(run.seconds)}",
        )
        for number, run in enumerate(runs)
    )
    return RunBars(bars, runs[-1] if runs else None, _in_words(runs))


def _height(seconds: float | None, longest: float) -> int:
    if not seconds or longest <= 0:
        return _LOWEST
    return max(_LOWEST, round(HEIGHT * seconds / longest))


def _took(seconds: float | None) -> str:
    return f", {about(timedelta(seconds=seconds))}" if seconds is not None else ""


def _in_words(runs: Sequence[RecentRun]) -> str:
    if not runs:
        return "no run yet"
    counts = {words: sum(run.status == status for run in runs) for status, words in _WORDS.items()}
    told = ", ".join(f"{number} {words}" for words, number in counts.items() if number)
    return f"last {len(runs)} runs: {told}" if len(runs) > 1 else f"one run: {told}"
