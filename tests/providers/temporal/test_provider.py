"""What only Temporal does: edits in its own pages, dropped updates, what it removes by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import CRON, OWNER, schedule, with_job_file

from providers.contract import DAILY, INBOX, declare, find
from providers.temporal.server import NAMESPACES, OpenedNamespace, Server, connected, needed
from reconciler.errors import DeclarationError, ProviderError, ProviderUnavailable, Rejected
from reconciler.model import Action, Change, DatastoreChange, Outcome, Place, Schedule
from reconciler.providers.temporal.connection import Background
from reconciler.providers.temporal.patience import patience
from reconciler.reconcile import plan_target, reconcile

pytestmark = needed
DAILY_AT_THREE = {**DAILY, "interval": 3}


def pending(target: OpenedNamespace, *declared: Schedule) -> list[Change]:
    return list(plan_target(declared, target.as_owner(), owner=OWNER).pending)


def fields(change: Change) -> dict[str, tuple[Any, Any]]:
    return {field.name: (field.before, field.after) for field in change.fields}


def edit(target: OpenedNamespace, name: str, change: Callable[[Any], None]) -> None:
    """As somebody does in Temporal's own pages."""
    from temporalio.api.workflowservice.v1 import DescribeScheduleRequest, UpdateScheduleRequest

    namespace = target.connection.namespace
    asked = DescribeScheduleRequest(namespace=namespace, schedule_id=name)
    found = target.call("describe_schedule", asked)
    change(found.schedule)
    target.call(
        "update_schedule",
        UpdateScheduleRequest(
            namespace=namespace,
            schedule_id=name,
            schedule=found.schedule,
            conflict_token=found.conflict_token,
            request_id=f"edit-{name}-{datetime.now(UTC).timestamp()}",
        ),
    )
    # It is answered before it is done: what comes next is to find it done.
    deadline = time.monotonic() + 10
    while target.call("describe_schedule", asked).conflict_token == found.conflict_token:
        assert time.monotonic() < deadline, "the edit was not taken"


def remove(target: OpenedNamespace, name: str) -> None:
    from temporalio.api.workflowservice.v1 import DeleteScheduleRequest

    namespace = target.connection.namespace
    target.call("delete_schedule", DeleteScheduleRequest(namespace=namespace, schedule_id=name))


def test_what_is_edited_in_temporal_is_drift_and_is_healed(target: OpenedNamespace) -> None:
    declared = [declare("a"), declare("asked", trigger=DAILY_AT_THREE)]
    reconcile(declared, target.as_owner(), owner=OWNER)
    assert pending(target, *declared) == []

    def pause(live: Any) -> None:
        live.state.paused, live.state.notes = True, "ana, in the pages"

    def later(live: Any) -> None:
        live.spec.structured_calendar[0].hour[0].start = 5
        live.spec.structured_calendar[0].hour[0].end = 5

    def beyond_words(live: Any) -> None:
        live.spec.jitter.FromSeconds(60)

    def elsewhere(live: Any) -> None:
        live.action.start_workflow.task_queue.name = "theirs"
        live.policies.catchup_window.FromSeconds(3600)

    def another_input(live: Any) -> None:
        payload = live.action.start_workflow.input.payloads[0]
        body = json.loads(payload.data)
        body["job"]["command"] = "rm -rf /"
        payload.data = json.dumps(body).encode()

    def nothing(live: Any) -> None:
        live.action.start_workflow.input.payloads[0].data = b"{}"

    edit(target, "a", nothing)
    assert fields(pending(target, *declared)[0])["create_job.job"][0] == "(edited)"
    target.as_owner().disable(find(target, "a"), by_hand=True)
    reconcile(declared, target.as_owner(), owner=OWNER)
    assert pending(target, *declared) == []
    for change, seen in (
        (pause, {"is_enabled": (False, True)}),
        (later, {"trigger.expression": ("0 5 * * *", "0 2 * * *")}),
        (beyond_words, {"properties.temporal.spec": ("edited", None)}),
        (
            elsewhere,
            {
                "properties.temporal.catchup_seconds": ("3600", None),
                "properties.temporal.task_queue": ("theirs", None),
            },
        ),
        (another_input, {"properties.temporal.input": ("edited", None)}),
    ):
        edit(target, "a", change)
        [found] = pending(target, *declared)
        assert (found.action, found.key.name, found.cause) == (Action.UPDATE, "a", "live")
        assert fields(found) == seen
        assert {one.outcome for one in reconcile(declared, target.as_owner(), owner=OWNER)} == {
            Outcome.UPDATED,
            Outcome.UNCHANGED,
        }
        assert pending(target, *declared) == []
    edit(target, "asked", lambda live: live.spec.structured_calendar[0].hour.pop())
    [found] = pending(target, *declared)
    assert (found.key.name, found.cause) == ("asked", "live")
    before = find(target, "asked")
    target.as_owner().disable(before, by_hand=True)
    assert find(target, "asked").schedule == replace(before.schedule, enabled=False)


def test_notes_of_people_stay(target: OpenedNamespace) -> None:
    reconcile([declare("a")], target.as_owner(), owner=OWNER)

    def note(live: Any) -> None:
        live.state.notes = "ask ana"

    edit(target, "a", note)
    assert pending(target, declare("a")) == []
    reconcile([declare("a", trigger=DAILY)], target.as_owner(), owner=OWNER)
    read = Background.run(target.as_owner()._describe(find(target, "a").key, "list"))
    assert read is not None
    assert read.wire.state.notes == "ask ana"


def test_an_update_that_temporal_drops_is_not_taken_for_done(target: OpenedNamespace) -> None:
    """Its default engine answers an update of an old state as if it were done."""
    provider = target.as_owner()
    reconcile([declare("a")], provider, owner=OWNER)
    found = find(target, "a")
    read = Background.run(provider._describe(found.key, "update"))
    assert read is not None
    made = type(read.wire)()
    made.CopyFrom(read.wire)
    made.policies.catchup_window.FromSeconds(7)
    edit(target, "a", lambda live: live.policies.catchup_window.FromSeconds(3600))
    from reconciler.providers.temporal import wire

    with pytest.raises(Rejected, match="changed after the plan was made"):
        Background.run(
            provider._put(read, "update", made, {wire.OWNER: OWNER, wire.APPLIED: "digest"})
        )
    assert find(target, "a").schedule.properties == {"temporal.catchup_seconds": "3600"}


def test_marks_that_are_not_written_are_not_taken_for_done(
    target: OpenedNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a suspension may be all that an update changes."""
    from reconciler.providers.temporal import provider as module
    from reconciler.providers.temporal import wire

    provider = target.as_owner()
    reconcile([declare("a")], provider, owner=OWNER)
    read = Background.run(provider._describe(find(target, "a").key, "update"))
    assert read is not None
    monkeypatch.setattr(module, "patience", lambda: patience(0.3))
    marks = {name: wire.mark(read.marks, name) for name in wire.MARKS}
    written = provider._written(
        read.live.key, "resume", read.wire, OWNER, read.token, {**marks, wire.SUSPENDED: "x"}
    )
    with pytest.raises(Rejected, match="changed after the plan was made"):
        Background.run(written)


def test_every_call_is_heard_of(target: OpenedNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever counts them."""
    heard: list[str] = []
    monkeypatch.setattr(target.connection, "_observer", heard.append)
    reconcile([declare("a")], target.as_owner(), owner=OWNER)
    reconcile([declare("a", trigger=DAILY)], target.as_owner(), owner=OWNER)
    calls = {"list_schedules", "describe_schedule", "create_schedule", "update_schedule"}
    assert set(heard) == calls


def test_what_others_run_is_shown_and_left_alone(target: OpenedNamespace) -> None:
    from temporalio.api.schedule.v1 import IntervalSpec, Schedule, ScheduleSpec
    from temporalio.api.workflowservice.v1 import CreateScheduleRequest

    interval = IntervalSpec()
    interval.interval.FromSeconds(900)
    specs = {
        "quarters": ScheduleSpec(interval=[interval]),
        "nightly": ScheduleSpec(cron_string=["30 1 * * 1-5"], timezone_name="Europe/Berlin"),
        "odd": ScheduleSpec(cron_string=["30 1 1 * 1"]),
    }
    for name, spec in specs.items():
        made = Schedule(spec=spec)
        made.action.start_workflow.workflow_id = name
        made.action.start_workflow.workflow_type.name = "Theirs"
        made.action.start_workflow.task_queue.name = "theirs"
        target.call(
            "create_schedule",
            CreateScheduleRequest(
                namespace=target.connection.namespace,
                schedule_id=name,
                schedule=made,
                request_id=name,
            ),
        )
    provider = target.as_owner()
    found = provider.list()
    while len(found) < 3:
        found = provider.list()
    assert {one.owner for one in found} == {None}
    assert [(one.key.name, provider.firing_trigger(one.schedule)) for one in found] == [
        ("nightly", None),
        ("odd", None),
        ("quarters", None),
    ]
    said = {one.key.name: one.schedule.trigger for one in found}
    assert (said["nightly"].expression, said["nightly"].time_zone) == (
        "30 1 * * 1,2,3,4,5",
        "Europe/Berlin",
    )
    assert (said["quarters"].frequency, said["quarters"].interval) == ("minute", 15)
    assert {one.schedule.job.reference for one in found} == {"(workflow Theirs)"}
    plan = plan_target([declare("a")], provider, owner=OWNER)
    assert plan.unmanaged == 3
    with pytest.raises(DeclarationError) as caught:
        plan_target([declare("odd")], provider, owner=OWNER)
    [problem] = caught.value.problems
    assert problem.message == (
        "local/odd: a schedule of another kind has this name: (workflow Theirs)"
    )
    with pytest.raises(Rejected, match="made by hand"):
        provider.create(provider.canonical(declare("odd"), None).schedule)
    with pytest.raises(Rejected, match="another kind"):
        provider.disable(found[0])


def test_what_is_over_and_was_removed_is_not_made_again(target: OpenedNamespace) -> None:
    """The service removes schedules that have ended, some days after."""
    now = datetime.now(UTC)
    end = (now + timedelta(days=1)).replace(tzinfo=None, microsecond=0).isoformat()
    declared = [declare("a", trigger={**CRON, "end_time": end}), declare("b")]
    reconcile(declared, target.as_owner(), owner=OWNER)
    remove(target, "a")
    while len(target.as_owner().list()) > 1:
        pass
    [missing] = pending(target, *declared)
    assert (missing.action, missing.key.name) == (Action.CREATE, "a")
    later = target.provider(clock=lambda: now + timedelta(days=2))
    plan = plan_target(declared, later, owner=OWNER, now=now + timedelta(days=2))
    assert plan.pending == ()
    [over, _] = plan.changes
    assert (over.action, over.before, over.reason) == (
        Action.NOOP,
        None,
        "over: it never fires any more",
    )
    results = reconcile(declared, later, owner=OWNER)
    assert {one.outcome for one in results} == {Outcome.UNCHANGED}
    assert [one.key.name for one in later.list()] == ["b"]


def test_what_it_cannot_do_is_refused(target: OpenedNamespace) -> None:
    provider = target.as_owner()

    def refused(made: Schedule) -> list[str]:
        found = provider.canonical(made, None).notes
        return [one.message for one in found if one.kind == "refused"]

    assert refused(declare("a", trigger=INBOX)) == []
    assert refused(declare("a", trigger={**INBOX, "datastore": "inbx"})) == [
        'the target has no datastore "inbx"'
    ]
    assert refused(schedule("a")) == [
        "Temporal keeps no pipelines, and so has none called azureml:train"
    ]
    large = json.dumps({"command": "true " + "x" * 600_000, "type": "command"})
    [words] = refused(with_job_file(schedule("a"), large))
    assert words.endswith("and a schedule of Temporal may have 500,000")
    job = '{"command":"x","inputs":{"d":{"path":"azureml:d:1","type":"uri_file"}},"type":"command"}'
    [note] = provider.canonical(with_job_file(schedule("a"), job), None).notes
    assert note.message == 'the target has no data asset "d"'
    assert note.at == Place("jobs/train.yml", ("inputs", "d", "path"))
    sweep = '{"jobs":{"a":{"type":"sweep"}},"type":"pipeline"}'
    assert len(refused(with_job_file(schedule("a"), sweep))) == 1


def test_an_edited_folder_is_drift(target: OpenedNamespace) -> None:
    """Another interval is said as one; what the format has no words for is put back as well."""
    declared = declare("a", trigger=INBOX)
    reconcile([declared], target.as_owner(), owner=OWNER)
    edit(target, "a", lambda made: made.spec.interval[0].interval.FromSeconds(600))
    live = find(target, "a")
    assert isinstance(live.schedule.trigger, DatastoreChange)
    assert live.schedule.trigger.polling_interval == 10
    edit(target, "a", lambda made: made.spec.interval[0].phase.FromSeconds(7))
    edit(target, "a", lambda made: setattr(made.policies, "overlap_policy", 2))
    [result] = reconcile([declared], target.as_owner(), owner=OWNER)
    assert result.outcome is Outcome.UPDATED
    live = find(target, "a")
    assert (live.schedule.trigger, live.schedule.properties) == (declared.trigger, {})


def test_what_it_does_in_another_way_is_said(target: OpenedNamespace) -> None:
    job = '{"jobs":{"a":{"command":"x","compute":"gpu","environment":"e"}},'
    job += '"settings":{"default_compute":"cpu"},"type":"pipeline"}'
    made = with_job_file(schedule("a", trigger=DAILY_AT_THREE), job)
    notes = target.as_owner().canonical(made, None).notes
    assert [(one.kind, one.path, one.message) for one in notes] == [
        (
            "approximated",
            "create_job",
            "environment is ignored: steps run as processes of the worker's machine",
        ),
        (
            "rewritten",
            "trigger",
            "Temporal cannot say every 3 days: it wakes more often, and runs at its fires",
        ),
    ]


def test_marks_that_cannot_be_registered(server: Server) -> None:
    """Here: a namespace has room for ten of their kind."""
    from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest

    opened = connected(server.address, NAMESPACES[2])
    request = AddSearchAttributesRequest(
        namespace=NAMESPACES[2], search_attributes={f"Theirs{number}": 2 for number in range(10)}
    )

    async def fill() -> None:
        client = await opened.connection.client()
        await client.operator_service.add_search_attributes(request)

    Background.run(fill())
    [result] = reconcile([declare("a")], opened.as_owner(), owner=OWNER)
    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert "has not all search attributes (ReconcilerOwner, ReconcilerApplied, " in result.error
    with pytest.raises(ProviderError) as caught:
        opened.as_owner().create(opened.as_owner().canonical(declare("a"), None).schedule)
    assert caught.value.hint == (
        "have them made, once: temporal operator search-attribute create --namespace three"
        " --name ReconcilerOwner --type Keyword --name ReconcilerApplied --type Keyword"
        " --name ReconcilerSuspended --type Keyword --name ReconcilerRepository --type Keyword"
    )
    assert opened.as_owner().list() == []


def test_a_namespace_that_is_not_there(server: Server) -> None:
    with pytest.raises(ProviderError, match=r"(?i)namespace"):
        connected(server.address, "nowhere").as_owner().list()


def test_nobody_answers() -> None:
    with pytest.raises(ProviderUnavailable, match="Temporal does not answer"):
        connected("127.0.0.1:1", "default").as_owner().list()


def test_code_is_in_the_store_before_the_schedule_is(
    target: OpenedNamespace, tmp_path: Path
) -> None:
    from reconciler.model import JobDefinition
    from reconciler.snapshots import Snapshots

    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print(1)\n", "utf-8")
    snapshot = Snapshots(tmp_path).take(str(tmp_path / "src"))
    document = '{"command":"python train.py","code":"src","type":"command"}'
    definition = JobDefinition(
        "train", "d" * 64, document, "train.yml", {}, {"src": snapshot}, str(tmp_path)
    )
    made = schedule("a")
    made = replace(made, job=replace(made.job, reference="./train.yml", definition=definition))
    provider = target.as_owner()
    reconcile([made], provider, owner=OWNER)
    place = tmp_path / "copy"
    provider.store.copy(snapshot.digest, place)
    assert (place / "train.py").read_text("utf-8") == "print(1)\n"
    (tmp_path / "src" / "train.py").write_text("print(2)\n", "utf-8")
    other = replace(
        definition, digest="e" * 64, snapshots={"src": replace(snapshot, digest="f" * 64)}
    )
    (target.store / "code").rename(target.store / "lost")
    changed = replace(made, job=replace(made.job, definition=other))
    [result] = reconcile([changed], target.as_owner(), owner=OWNER)
    assert result.error == "the code src was changed after the plan was made"
