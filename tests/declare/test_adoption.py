"""Whose a live schedule is, and what takes it over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers import schedule

from reconciler.declare.adoption import Adoption, Claim, spent_adoptions
from reconciler.model import Action, LiveSchedule
from reconciler.plan import make_plan

OURS = Claim("us", "here")


def live(owner: str | None, repository: str | None = None) -> LiveSchedule:
    return LiveSchedule(schedule("a"), owner, "1", repository=repository)


@pytest.mark.parametrize(
    ("owner", "repository", "ours"),
    [
        ("us", "here", True),
        ("us", None, True),
        ("us", "there", False),
        ("them", "here", False),
        (None, None, False),
    ],
)
def test_whose_it_is(owner: str | None, repository: str | None, ours: bool) -> None:
    assert OURS.holds(live(owner, repository)) is ours
    # Who does not say who it is, is judged by the owner alone.
    assert Claim("us").holds(live(owner, repository)) is (owner == "us")


@pytest.mark.parametrize(
    ("found", "source", "taken"),
    [
        (("them", None), "them", True),
        (("them", "there"), "there", True),
        (("them", None), "others", False),
        (("us", "there"), "there", True),
        (("us", "there"), "us", False),
        ((None, None), "", True),
        (("them", None), "", False),
    ],
)
def test_what_is_taken(found: tuple[str | None, str | None], source: str, taken: bool) -> None:
    one, wanted = live(*found), schedule("a")
    assert OURS.takes(replace(wanted, adopt=source), one) is taken
    for names, named in (("a", taken), ("*", taken), ("test/a", taken), ("b", False)):
        if names == "test/a":
            names = str(wanted.key)
        claim = replace(OURS, adoptions=(Adoption(names, source),))
        assert claim.takes(wanted, one) is named
    assert replace(OURS, named=("a",)).takes(wanted, one)
    assert not OURS.takes(wanted, one)


def test_words() -> None:
    assert OURS.whose(live("us", "there")) == 'managed by the repository "there"'
    assert OURS.whose(live("them")) == 'managed by "them"'
    assert OURS.whose(live(None)) == "made by hand"
    assert str(Adoption("a*", "them")) == "a* from them"
    assert str(Adoption("a*")) == "a* made by hand"


def test_spent_ones_are_found() -> None:
    from reconciler.model import Canonical

    adoptions = [Adoption("a", "there"), Adoption("b", "there")]
    plan = make_plan(
        [Canonical(schedule("a"))],
        [live("us", "there"), replace(live("us", "there"), schedule=schedule("gone"))],
        target="t",
        owner="us",
        repository="here",
        adoptions=adoptions,
    )
    (change,) = plan.changes
    assert (change.action, change.fields[0].path) == (Action.UPDATE, ("repository",))
    assert plan.unmanaged == 1
    assert list(spent_adoptions(adoptions, [plan])) == adoptions[1:]
