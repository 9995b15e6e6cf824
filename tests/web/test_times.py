"""Instants and spans as people say them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.web import times

NOW = datetime(2026, 11, 28, 6, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.04, "0.1 s"),
        (0.4, "0.4 s"),
        (0.99, "1 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (4620, "1 h 17 min"),
        (86400 + 5, "1 d"),
        (3 * 86400 + 4 * 3600, "3 d 4 h"),
    ],
)
def test_spans(seconds: float, words: str) -> None:
    assert times.about(timedelta(seconds=seconds)) == words


def test_instants_are_told_on_the_clock_of_the_view() -> None:
    at = datetime(2026, 11, 28, 5, 11, 9, tzinfo=UTC)
    with times.showing(times.View("Asia/Tokyo", NOW)):
        assert times.moment(at) == (
            '<time datetime="2026-11-28T05:11:09Z" title="Saturday 2026-11-28 14:11:09 JST">'
            "28 Nov 14:11</time>"
        )
        assert times.said(at.replace(year=2025)) == "28 Nov 2025 14:11"
        assert times.ago(at, NOW).endswith(">1 h 16 min ago</time>")
        assert times.ago(NOW + timedelta(minutes=2), NOW).endswith(">in 2 min</time>")
        assert times.on_clock(at, "Europe/Lisbon") == "05:11 WET"
        assert times.on_clock(at.replace(hour=20), "Europe/Lisbon") == "Sat 20:11 WET"
        assert times.on_clock(at, "Asia/Seoul") == ""
    assert (str(times.moment(None)), str(times.ago(None, NOW))) == ("–", "never")
    assert times.view().zone == "UTC"
    assert times.seconds(None) == "–"


def test_instants_in_a_sentence_are_told_on_the_clock_of_the_view() -> None:
    at = datetime(2026, 11, 28, 4, 11, tzinfo=UTC)
    text = "<b> on 2026-11-28 02:11 UTC; until 2026-99-28 02:11 UTC, at 2026-11-29 02:11 UTC"
    with times.showing(times.View("Asia/Tokyo", at)):
        shown = re.sub(r"</?time[^>]*>", "", times.sentence(text))
    assert shown == "&lt;b&gt; on 28 Nov 11:11; until 2026-99-28 02:11 UTC, at 29 Nov 11:11"
