"""A version of a pipeline has a status of its own, beside that of its pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.workspace.store.database import Refused
from reconciler.workspace.store.schedules import NewSchedule, Publication, Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One with two versions of a pipeline."""
    opened = Store(tmp_path / "workspace.db", actor="somebody")
    for content in ("{}", '{"a":1}'):
        digest = hashlib.sha256(content.encode()).hexdigest()
        opened.publish(Publication("train", digest, content, "train.yml"), NOW)
    yield opened
    opened.close()


def put(store: Store, name: str, version: str | None, *, enabled: bool = True) -> None:
    reference = f"azureml:train:{version}" if version else "azureml:train"
    document = {
        "name": name,
        "trigger": {"type": "cron", "expression": "0 2 * * *"},
        "create_job": {"job": reference},
        "is_enabled": enabled,
    }
    new = NewSchedule(name, None, document, "train")
    rows = store.schedules([name])
    expected = rows[0].fingerprint if rows else None
    store.put_schedule(new, expected=expected, publication=None, now=NOW)


def test_each_by_itself(store: Store) -> None:
    new, old = (version.version for version in store.versions("train"))
    store.set_version_enabled("train", old, False)
    assert [version.enabled for version in store.versions("train")] == [True, False]
    assert store.pipelines()[0].enabled
    put(store, "newest", None)
    put(store, "off", old, enabled=False)
    with pytest.raises(Refused, match=rf'the version {old} of the pipeline "train" is disabled'):
        put(store, "pinned", old)
    with pytest.raises(Refused, match="enabled schedules run it: newest; disable them first"):
        store.set_version_enabled("train", new, False)
    store.set_version_enabled("train", old, True)
    put(store, "pinned", old)
    with pytest.raises(Refused, match="enabled schedules run it: pinned; disable them first"):
        store.set_version_enabled("train", old, False)


def test_with_its_pipeline(store: Store) -> None:
    new, old = (version.version for version in store.versions("train"))
    store.set_version_enabled("train", new, False)
    with pytest.raises(Refused, match=rf"the version {new} of the pipeline"):
        put(store, "newest", None)
    store.set_pipeline_enabled("train", True)  # and with it what it runs
    put(store, "newest", None, enabled=False)
    store.set_pipeline_enabled("train", False)
    with pytest.raises(Refused, match='the pipeline "train" is disabled'):
        put(store, "newest", None)
    store.set_version_enabled("train", old, True)  # a version is of use with its pipeline alone
    assert store.pipelines()[0].enabled
    put(store, "newest", None)


def test_published_again_it_is_enabled(store: Store) -> None:
    _, old = store.versions("train")
    store.set_version_enabled("train", old.version, False)
    store.publish(Publication("train", old.digest, "{}", "train.yml"), NOW)
    assert [version.enabled for version in store.versions("train")] == [True, True]
