"""The embedded workspace as a provider: the contract, on a real file, and what only it does."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import OWNER, TARGET, schedule, with_job_file

from providers.contract import INBOX, Contract, Opened, declare
from reconciler.errors import ConfigError, DeclarationError, ProviderError, Rejected
from reconciler.model import Note, Outcome, Place, Schedule
from reconciler.providers.local import LocalProvider, split_reference
from reconciler.providers.local_jobs import publication
from reconciler.reconcile import plan_target, reconcile
from reconciler.workspace.store.schedules import Store


class OpenedFile(Opened):
    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened: list[Store] = []

    def as_owner(self, owner: str | None = OWNER) -> LocalProvider:
        store = Store(self.path, actor="somebody")
        self.opened.append(store)
        return LocalProvider(TARGET, store, owner=owner, datastores=["inbox", "outbox"])


class TestLocal(Contract):
    @contextmanager
    def open(self) -> Iterator[OpenedFile]:
        with tempfile.TemporaryDirectory() as folder:
            opened = OpenedFile(Path(folder) / "below" / "workspace.db")
            try:
                yield opened
            finally:
                for store in opened.opened:
                    store.close()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[OpenedFile]:
    opened = OpenedFile(tmp_path / "workspace.db")
    yield opened
    for store in opened.opened:
        store.close()


def notes(target: OpenedFile, made: Schedule) -> list[Note]:
    return list(target.as_owner().canonical(made, None).notes)


def said(found: list[Note]) -> list[tuple[str, str, str]]:
    return [(note.kind, note.path, note.message) for note in found]


def test_who_changed_it_and_when(target: OpenedFile) -> None:
    reconcile([declare("a")], target.as_owner(), owner=OWNER)
    [found] = target.as_owner().list()
    assert found.modified_by == "somebody"
    assert found.modified_at is not None
    assert found.modified_at.tzinfo is not None
    assert str(found.schedule.source) == "s.yaml:1"


def test_the_experiment_is_the_schedules_name_unless_it_is_given(target: OpenedFile) -> None:
    canonical = target.as_owner().canonical
    assert canonical(declare("a"), None).schedule.job.experiment_name == "a"
    named = declare("a", create_job={"job": "./train.yml", "experiment_name": "e"})
    assert canonical(named, None).schedule.job.experiment_name == "e"


def test_a_pipeline_that_is_not_published_is_refused(target: OpenedFile) -> None:
    [note] = notes(target, schedule("a", create_job={"job": "azureml:train"}))
    assert said([note]) == [("refused", "create_job.job", 'no pipeline "train" is published')]
    assert note.hint == "`reconciler pipelines publish FILE` publishes a job file"
    reconcile([declare("b")], target.as_owner(), owner=OWNER)
    [note] = notes(target, schedule("a", create_job={"job": "azureml:trian"}))
    assert note.hint == 'did you mean "train"?'


def test_a_version_that_is_not_published_is_refused(target: OpenedFile) -> None:
    reconcile([declare("b")], target.as_owner(), owner=OWNER)
    [note] = notes(target, schedule("a", create_job={"job": "azureml:train:7"}))
    assert note.message == 'the pipeline "train" has no version "7"'
    [row] = target.as_owner().store.pipelines()
    assert note.hint == f"the newest is {row.version}"
    for version in ("", "@latest", f":{row.version}"):
        assert notes(target, schedule("a", create_job={"job": f"azureml:train{version}"})) == []


@pytest.mark.parametrize("reference", ["azureml:train", "azureml:train@latest"])
def test_the_newest_version_by_name(target: OpenedFile, reference: str) -> None:
    """It is kept as a name: what is published later is run then."""
    reconcile([declare("b")], target.as_owner(), owner=OWNER)
    declared = [declare("b"), schedule("a", create_job={"job": reference})]
    reconcile(declared, target.as_owner(), owner=OWNER)
    [found, _] = target.as_owner().list()
    assert found.schedule.job.reference == "azureml:train"
    assert plan_target(declared, target.as_owner(), owner=OWNER).pending == ()


def test_a_pipeline_that_this_provider_has_just_published_is_known(target: OpenedFile) -> None:
    provider = target.as_owner()
    by_name = schedule("a", create_job={"job": "azureml:train"})
    with pytest.raises(DeclarationError):
        reconcile([by_name], provider, owner=OWNER)
    reconcile([declare("b")], provider, owner=OWNER)
    [result, _] = reconcile([by_name, declare("b")], provider, owner=OWNER)
    assert result.outcome is Outcome.CREATED


def test_inputs_of_a_published_pipeline_are_checked(target: OpenedFile) -> None:
    job = '{"command":"echo","inputs":{"epochs":1,"needed":null},"type":"command"}'
    store = target.as_owner().store
    definition = with_job_file(schedule(), job).job.definition
    assert definition is not None
    store.publish(publication(definition), target.as_owner()._clock())
    found = notes(
        target, schedule("a", create_job={"job": "azureml:train", "inputs": {"epoch": 2}})
    )
    assert said(found) == [
        ("refused", "create_job.inputs.epoch", 'the job declares no input "epoch"'),
        ("refused", "create_job", 'the input "needed" of the job has no value'),
    ]


def test_a_datastore_that_the_target_does_not_know_is_refused(target: OpenedFile) -> None:
    [note] = notes(target, declare("a", trigger=INBOX | {"datastore": "inbx"}))
    assert said([note]) == [("refused", "trigger.datastore", 'the target has no datastore "inbx"')]
    assert note.hint == 'did you mean "inbox"?'


def test_steps_that_are_no_commands_are_refused(target: OpenedFile) -> None:
    job = '{"jobs":{"a":{"command":"x"},"b":{"component":"azureml:c"}},"type":"pipeline"}'
    [note] = notes(target, with_job_file(schedule("a"), job))
    assert note.kind == "refused"
    assert note.message.startswith('step "b" runs azureml:c, which is registered')


@pytest.mark.parametrize(
    "made",
    [
        with_job_file(schedule("a"), '{"command":"x","environment":"azureml:e","type":"command"}'),
        with_job_file(
            schedule("a"), '{"jobs":{"s":{"command":"x","compute":"azureml:c"}},"type":"pipeline"}'
        ),
        declare("a", create_job={"job": "./train.yml", "compute": "azureml:cpu"}),
        with_job_file(
            schedule("a"),
            '{"jobs":{"s":{"command":"x"}},"settings":{"default_compute":"c"},"type":"pipeline"}',
        ),
        declare("a", create_job={"job": "./train.yml", "settings": {"default_compute": "c"}}),
    ],
)
def test_environment_and_compute_are_ignored_and_it_is_said(
    target: OpenedFile, made: Schedule
) -> None:
    [(kind, path, message)] = said(notes(target, made))
    assert (kind, path) == ("approximated", "create_job")
    assert message in (
        "environment is ignored: steps run as processes of this machine",
        "compute is ignored: steps run as processes of this machine",
        "settings.default_compute is ignored: steps run as processes of this machine",
    )


@pytest.mark.parametrize("code", ["azureml:src:1", "git+https://example.org/team/src"])
def test_code_by_address_is_refused(target: OpenedFile, code: str) -> None:
    """It would be looked for in the working tree, and not be found when it runs."""
    job = f'{{"jobs":{{"a":{{"command":"x","code":"{code}"}}}},"type":"pipeline"}}'
    [note] = notes(target, with_job_file(schedule("a"), job))
    assert note.kind == "refused"
    assert note.message == f'step "a" runs code that is not here: {code}'
    assert note.at == Place("jobs/train.yml", ("jobs", "a", "code"))


def test_a_disabled_pipeline_is_refused_before_anything_is_changed(target: OpenedFile) -> None:
    provider = target.as_owner()
    reconcile([declare("a", is_enabled=False)], provider, owner=OWNER)
    provider.store.set_pipeline_enabled("train", False)
    [note] = notes(target, declare("a"))
    assert said([note]) == [("refused", "create_job", 'the pipeline "train" is disabled')]
    with pytest.raises(DeclarationError) as caught:
        reconcile([declare("a")], target.as_owner(), owner=OWNER)
    [problem] = caught.value.problems
    assert (problem.code, problem.path, problem.line) == ("TGT001", "s.yaml", 1)
    assert problem.message == 'local/a: the pipeline "train" is disabled'
    # Switched off it may stay declared.
    assert notes(target, declare("a", is_enabled=False)) == []


def test_so_is_a_disabled_version(target: OpenedFile) -> None:
    provider = target.as_owner()
    reconcile([declare("a", is_enabled=False)], provider, owner=OWNER)
    [version] = provider.store.versions("train")
    provider.store.set_version_enabled("train", version.version, False)
    [note] = notes(target, declare("a"))
    words = f'version {version.version} of the pipeline "train" is disabled'
    assert said([note]) == [("refused", "create_job", words)]
    assert notes(target, declare("a", is_enabled=False)) == []


def test_a_schedule_cannot_be_enabled_on_a_disabled_pipeline(target: OpenedFile) -> None:
    """Also where the pipeline was disabled after the plan was made."""
    provider = target.as_owner()
    reconcile([declare("a", is_enabled=False)], provider, owner=OWNER)
    [off] = provider.list()
    provider.store.set_pipeline_enabled("train", False)
    with pytest.raises(Rejected, match='the pipeline "train" is disabled; enable it first'):
        provider.update(replace(off.schedule, enabled=True), off)
    assert not provider.list()[0].schedule.enabled


def test_a_stored_schedule_that_is_damaged_is_an_error_and_not_fewer(target: OpenedFile) -> None:
    reconcile([declare("a"), declare("b")], target.as_owner(), owner=OWNER)
    for damaged in ("{}", '{"trigger": {"type": "cron"}}', '{"trigger": 5}', "[]", "not JSON", "1"):
        with closing(sqlite3.connect(target.path)) as connection:
            connection.execute("UPDATE schedules SET document = ? WHERE name = 'a'", (damaged,))
            connection.commit()
        with pytest.raises(ProviderError):
            target.as_owner().list()


def test_references() -> None:
    assert split_reference("azureml:train") == ("train", None)
    assert split_reference("azureml:train@latest") == ("train", None)
    assert split_reference("azureml:train:1") == ("train", "1")


def test_providers_by_name(tmp_path: Path) -> None:
    from reconciler.config import Target
    from reconciler.declare.resolve import TargetSettings
    from reconciler.providers import Opening, open_local, open_provider

    settings = TargetSettings("local")
    local = Target("local", "local", settings, {"workspace": "a/b.db"})
    opened = open_provider(local, Opening(tmp_path, OWNER))
    assert isinstance(opened, LocalProvider)
    assert opened.store.path == tmp_path / "a/b.db"
    unknown = Target("x", "nothing-of-the-kind", settings, {})
    with pytest.raises(ConfigError, match='there is no provider "nothing-of-the-kind"'):
        open_provider(unknown, Opening(tmp_path, OWNER))
    with pytest.raises(ConfigError, match="not an embedded workspace"):
        open_local(unknown, Opening(tmp_path, OWNER))
