"""The hidden line: found again whatever the names are, and never in the text of a schedule."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.forge.marker import Marker, change_marks, plan_digest, read_marker
from reconciler.plan.saved.planfile import SavedChange, SavedTarget

DIGEST = "sha256:" + "0a" * 32
NAMES = st.text(st.characters(), min_size=1, max_size=30)


@given(NAMES, NAMES, st.sampled_from(["\n", "\r\n"]))
def test_it_is_read_again(target: str, owner: str, end: str) -> None:
    marker = Marker("plan", target, owner, DIGEST)
    line = str(marker)
    assert re.fullmatch(r"<!-- [\w.~% :]+ -->", line)
    assert read_marker(line + end + "text") == marker
    assert read_marker(line) == marker


@pytest.mark.parametrize(
    "body",
    [
        "",
        "text",
        f" <!-- reconciler plan prod us {DIGEST} -->",
        f"\n<!-- reconciler plan prod us {DIGEST} -->",
        f"> <!-- reconciler plan prod us {DIGEST} -->",
        "<!-- reconciler plan prod us sha256:0 -->",
        f"<!-- reconciler plan prod us {DIGEST} --> more",
        f"<!-- reconciler plan prod {DIGEST} -->",
        f"<!-- other plan prod us {DIGEST} -->",
    ],
)
def test_what_is_no_marker(body: str) -> None:
    assert read_marker(body) is None


def test_which_note_it_marks() -> None:
    marker = Marker("plan", "prod", "us", DIGEST)
    assert marker.is_for(Marker("plan", "prod", "us", "sha256:" + "1" * 64))
    assert not marker.is_for(Marker("plan", "test", "us", DIGEST))
    assert not marker.is_for(Marker("plan", "prod", "them", DIGEST))
    assert not marker.is_for(Marker("drift", "prod", "us", DIGEST))
    assert not marker.is_for(None)


def target(*changes: SavedChange, identity: str | None = "there") -> SavedTarget:
    return SavedTarget("prod", "local", identity, {change.name: change for change in changes})


def change(name: str = "a", **more: str | None) -> SavedChange:
    kept = {"action": "update", "before": "1", "after": "2", "live": "3", "fields": "4"} | more
    return SavedChange(name, **kept)  # type: ignore[arg-type]


def test_the_digest_is_of_what_would_be_done() -> None:
    digest = plan_digest(target(change()), "us", [])
    assert digest.startswith("sha256:")
    noop = change("b", action="noop")
    same = [
        plan_digest(target(change(), noop), "us", []),
        plan_digest(target(change(hold="2027-01-01")), "us", []),
    ]
    assert set(same) == {digest}
    others = [
        plan_digest(target(change(after="5")), "us", []),
        plan_digest(target(change(before="5")), "us", []),
        plan_digest(target(change(live="5")), "us", []),
        plan_digest(target(change(fields="5")), "us", []),
        plan_digest(target(change(action="create")), "us", []),
        plan_digest(target(change("b")), "us", []),
        plan_digest(target(change(), change("b")), "us", []),
        plan_digest(target(change(), identity="elsewhere"), "us", []),
        plan_digest(target(change()), "them", []),
        plan_digest(target(change()), "us", ["over a limit"]),
    ]
    assert len({digest, *others}) == len(others) + 1


def test_the_order_of_changes_does_not_count() -> None:
    one, other = change("a"), change("b")
    assert plan_digest(target(one, other), "us", []) == plan_digest(target(other, one), "us", [])


def test_the_digests_of_changes_are_read_again() -> None:
    found = change_marks(target(change("a"), change("b", action="noop"), change("c")), "us")
    assert sorted(found) == ["a", "c"]
    marker = Marker("plan", "prod", "us", DIGEST, tuple(sorted(found.values())))
    text = str(marker)
    assert re.fullmatch(
        r"<!-- .* -->\n<!-- changes (?:[A-Za-z0-9+/]{8}:[A-Za-z0-9+/]{22}(?: | -->)){2}", text
    )
    assert read_marker(text.replace("\n", "\r\n") + "\nthe plan") == marker
    assert read_marker(str(Marker("plan", "prod", "us", DIGEST)) + "\ntext\n" + text) == Marker(
        "plan", "prod", "us", DIGEST
    )


@pytest.mark.parametrize("part", ["action", "before", "after", "live", "fields"])
def test_every_part_of_a_change_counts(part: str) -> None:
    one = change_marks(target(change()), "us")
    assert one != change_marks(target(change(**{part: "disable"})), "us")
    assert one != change_marks(target(change()), "them")
    assert one != change_marks(target(change(), identity="elsewhere"), "us")
    assert change_marks(target(change(), change("b")), "us").items() > one.items()
