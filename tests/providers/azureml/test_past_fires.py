"""Whether a fire of the past has its job: Azure names jobs as it likes, and shows the instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fakes.arm import StandIn
from helpers import OWNER, schedule

from providers.azureml.opened import provider
from reconciler.model import LiveSchedule
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.providers.capabilities import PastFire
from reconciler.reconcile import reconcile

NOW = datetime(2026, 11, 25, 6, 10, tzinfo=UTC)
DUE = datetime(2026, 11, 25, 6, tzinfo=UTC)


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn() as arm:
        yield arm


def live(one: AzureMLProvider) -> LiveSchedule:
    [found] = one.list()
    return found


def test_a_job_of_any_name_that_shows_the_instant(arm: StandIn) -> None:
    one = provider(arm)
    reconcile([schedule("nightly")], one, owner=OWNER)
    found, fire = live(one), PastFire(DUE)
    assert not one.has_run(found, fire)
    shown = {"jobType": "Pipeline", "displayName": "nightly-20261125T060000Z"}
    arm.jobs.add("loving_tree_1x2y", shown, NOW)
    assert not one.has_run(found, fire)  # what was read is good until somebody says otherwise
    one.forget_runs()
    assert one.has_run(found, fire)
    assert one.backfill(found, fire, NOW) is None
    assert not one.has_run(found, PastFire(DUE + timedelta(minutes=1)))


def test_a_job_by_hand_about_then_is_none(arm: StandIn) -> None:
    one = provider(arm)
    reconcile([schedule("nightly")], one, owner=OWNER)
    found = live(one)
    one.trigger(found, {}, DUE)
    one.forget_runs()
    assert not one.has_run(found, PastFire(DUE))
    made = one.backfill(found, PastFire(DUE), NOW)
    assert made == "nightly-20261125T060000Z"
    assert one.backfill(found, PastFire(DUE), NOW) is None  # by its very name, unread as yet
