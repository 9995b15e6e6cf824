"""Wire and canonical form: tables of what Azure keeps, what is rewritten, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.arm import StandIn, pipeline
from helpers import OWNER, TARGET, schedule, with_job_file

from providers.azureml.opened import provider
from reconciler.apply import apply_plan
from reconciler.errors import DeclarationError
from reconciler.model import Action, Change, Cron, Outcome, Recurrence, Schedule
from reconciler.plan.options import PlanOptions
from reconciler.providers.azureml.canonical import canonical, settle
from reconciler.providers.azureml.ids import Workspace, from_id, to_id
from reconciler.providers.azureml.rules import rules
from reconciler.providers.azureml.wire import properties_to_wire, schedule_from_wire
from reconciler.reconcile import plan_target, reconcile

WORKSPACE = Workspace("s", "g", "w")
ID = WORKSPACE.id
REGISTRY = "azureml://registries/r/components"


def settled(**document: Any) -> tuple[Schedule, list[tuple[str, str]]]:
    made = canonical(schedule("a", **document), WORKSPACE)
    return made.schedule, [(note.kind, note.message) for note in made.notes]


def cron(expression: str) -> tuple[Any, list[tuple[str, str]]]:
    made, notes = settled(trigger={"type": "cron", "expression": expression})
    return made.trigger, notes


# ------------------------------------------------------------------------------------------- cron


@pytest.mark.parametrize(
    "expression",
    ["0 2 * * *", "*/15 * * * *", "0 9-17/2 * * 1-5", "30 7 * * mon,FRI", "0 0 * * 0"],
)
def test_crons_that_azure_takes_as_they_are(expression: str) -> None:
    assert cron(expression) == (Cron(expression), [])


@pytest.mark.parametrize(
    ("expression", "hours", "minutes", "month_days"),
    [
        ("0 6 1 * *", (6,), (0,), (1,)),
        ("0,30 6,18 1,15 * *", (6, 18), (0, 30), (1, 15)),
        ("5 4 */10 * *", (4,), (5,), (1, 11, 21, 31)),
        ("0 0 28-31 * *", (0,), (0,), (28, 29, 30, 31)),
    ],
)
def test_crons_of_days_of_the_month_become_recurrences(
    expression: str, hours: Any, minutes: Any, month_days: Any
) -> None:
    trigger, notes = cron(expression)
    assert isinstance(trigger, Recurrence)
    assert (trigger.frequency, trigger.interval) == ("month", 1)
    assert trigger.pattern is not None
    assert trigger.pattern.month_days == month_days
    assert (trigger.pattern.hours, trigger.pattern.minutes) == (hours, minutes)
    [(kind, message)] = notes
    assert kind == "rewritten"
    assert message.startswith(f'"{expression}" is sent as a monthly recurrence on day ')


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 6 1 1 *", 'Azure ignores the day of month and month of "0 6 1 1 *"'),
        ("0 6 * 6 *", 'Azure ignores the month of "0 6 * 6 *"'),
        ("0 6 1 * 1", 'Azure ignores the day of month of "0 6 1 * 1"'),
        ("0 6 L * *", "Azure ignores the day of month of"),
        ("0 6 * * 5L", 'Azure does not know "5L" as a day of the week'),
        ("0 6 * * 1#2", 'Azure does not know "1#2" as a day of the week'),
        ("0 6 31 2 *", "the expression never fires"),
    ],
)
def test_crons_that_azure_would_fire_at_other_times_are_refused(
    expression: str, message: str
) -> None:
    [(kind, said)] = cron(expression)[1]
    assert kind == "refused"
    assert said.startswith(message)


@pytest.mark.parametrize("days", ["5-7", "5,6,7"])
def test_sunday_is_0_in_azure(days: str) -> None:
    trigger, [(kind, message)] = cron(f"30 6 * * {days}")
    assert trigger == Cron("30 6 * * 0,5,6")
    assert kind == "rewritten"
    assert message == f'"30 6 * * {days}" is sent as "30 6 * * 0,5,6": Sunday is 0 in Azure'


# ---------------------------------------------------------------------------------- zones, others


@pytest.mark.parametrize(
    ("zone", "read", "notes"),
    [
        ("UTC", "UTC", []),
        ("Pacific Standard Time", "America/Los_Angeles", []),
        ("Europe/London", "Europe/London", []),
    ],
)
def test_zones_that_windows_names(zone: str, read: str, notes: list[Any]) -> None:
    made, said = settled(trigger={"type": "cron", "expression": "0 2 * * *", "time_zone": zone})
    assert (made.trigger.time_zone, said) == (read, notes)  # type: ignore[union-attr]


def test_another_zone_is_sent_as_one_with_the_same_clock() -> None:
    trigger = {"type": "cron", "expression": "0 2 * * *", "time_zone": "Europe/Lisbon"}
    made, notes = settled(trigger=trigger)
    assert made.trigger.time_zone == "Europe/London"  # type: ignore[union-attr]
    words = 'the time zone Europe/Lisbon is sent as "GMT Standard Time", which has the same clock'
    assert notes == [("rewritten", words)]


def test_a_zone_without_a_windows_clock_is_refused() -> None:
    trigger = {"type": "cron", "expression": "0 2 * * *", "time_zone": "Antarctica/Troll"}
    [(kind, message)] = settled(trigger=trigger)[1]
    assert kind == "refused"
    assert message == 'Azure has no time zone with the clock of "Antarctica/Troll"'


def test_a_datastore_trigger_is_refused() -> None:
    [(kind, message)] = settled(trigger={"type": "datastore", "datastore": "inbox"})[1]
    assert (kind, message) == (
        "refused",
        "Azure Machine Learning has no trigger for changes in a datastore",
    )


def test_a_version_of_a_job_is_refused() -> None:
    [(kind, message)] = settled(create_job={"job": "azureml:train:1"})[1]
    assert (kind, message) == ("refused", "jobs in Azure have no versions")


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (
            '{"type":"command","command":"x"}',
            "it is a command job, and Azure schedules pipelines",
        ),
        (
            '{"type":"pipeline","jobs":{"s":{"command":"x","environment":{}}}}',
            'step "s": an environment has neither an image nor a folder to build one from',
        ),
        (
            '{"type":"pipeline","jobs":{"s":{"component":"azureml:c"}}}',
            'step "s": "azureml:c" does not say which version',
        ),
        (
            '{"type":"pipeline","jobs":{"s":{"component":"azureml:c@latest"}}}',
            'step "s": what "c@latest" is, is not known',
        ),
    ],
)
def test_jobs_that_cannot_be_sent(job: str, message: str) -> None:
    made = canonical(with_job_file(schedule("a"), job), WORKSPACE)
    assert [(note.kind, note.message) for note in made.notes] == [("refused", message)]


@pytest.mark.parametrize("value", ["", " ", {"type": "uri_file"}])
def test_an_input_without_a_value_is_refused(value: Any) -> None:
    [(kind, message)] = settled(create_job={"job": "azureml:t", "inputs": {"x": value}})[1]
    assert kind == "refused"
    assert message.startswith('the input "x" has no value that Azure takes: ')


def test_what_is_not_sent_is_said() -> None:
    _, notes = settled(create_job={"job": "azureml:t", "limits": {"timeout": 5}})
    assert notes == [("approximated", "limits of the job is not sent to Azure")]


@pytest.mark.parametrize(("value", "text"), [(True, "True"), (1, "1"), (1.5, "1.5"), ("x", "x")])
def test_literals_are_text(value: Any, text: str) -> None:
    made, _ = settled(create_job={"job": "azureml:t", "inputs": {"x": value}})
    assert made.job.inputs == {"x": text}


@pytest.mark.parametrize(
    ("create_job", "name", "sent"),
    [
        ("azureml:t", None, ""),
        ({"job": "azureml:t", "experiment_name": ""}, None, ""),
        ({"job": "azureml:t"}, "Default", None),
        ({"job": "azureml:t", "experiment_name": "Default"}, "Default", "Default"),
        ({"job": "azureml:t", "experiment_name": "e"}, "e", "e"),
    ],
)
def test_experiments_of_references(create_job: Any, name: str | None, sent: str | None) -> None:
    """Of a mapping that names none the service fills in Default; of the name alone it does not."""
    declared = schedule("a", create_job=create_job)
    found = settle(declared, WORKSPACE)
    assert found.canonical.schedule.job.experiment_name == name
    assert (found.definition or {}).get("experimentName") == sent


def test_strict_refuses_every_rewrite() -> None:
    declared = [schedule("a", trigger={"type": "cron", "expression": "0 6 1 * *"})]
    with StandIn() as arm:
        one = provider(arm)
        assert len(plan_target(declared, one, owner=OWNER).changes[0].notes) == 1
        with pytest.raises(DeclarationError) as caught:
            plan_target(declared, one, owner=OWNER, options=PlanOptions(strict=True))
        [problem] = caught.value.problems
        assert (problem.path, problem.line, problem.json_path) == (
            "s.yaml",
            1,
            "trigger.expression",
        )


# -------------------------------------------------------------------------------------------- wire


@pytest.mark.parametrize(
    ("reference", "kind", "identifier"),
    [
        ("azureml:j", "jobs", f"{ID}/jobs/j"),
        ("azureml:c:1", "components", f"{ID}/components/c/versions/1"),
        ("azureml:c@latest", "components", f"{ID}/components/c/labels/latest"),
        ("azureml:/subscriptions/x/jobs/j", "jobs", "/subscriptions/x/jobs/j"),
        (f"{REGISTRY}/c/versions/1", "components", f"{REGISTRY}/c/versions/1"),
    ],
)
def test_references_and_ids(reference: str, kind: str, identifier: str) -> None:
    assert to_id(reference, kind, WORKSPACE) == identifier
    assert from_id(identifier, kind, WORKSPACE) == reference
    assert from_id(identifier.upper(), kind, WORKSPACE).lower() == reference.lower()


def test_a_job_of_components_is_sent_whole() -> None:
    job = (
        '{"type":"pipeline","experiment_name":"e","inputs":{"n":1},"jobs":{"s":{'
        '"component":"azureml:c:1","compute":"azureml:cpu",'
        '"inputs":{"x":"${{parent.inputs.n}}"}}}}'
    )
    made = canonical(with_job_file(schedule("a"), job), WORKSPACE)
    assert made.notes == ()
    wire = properties_to_wire(made.schedule, WORKSPACE, None)["action"]["jobDefinition"]
    assert "sourceJobId" not in wire
    assert wire["experimentName"] == "e"
    assert wire["jobs"] == {
        "s": {
            "componentId": f"{ID}/components/c/versions/1",
            "computeId": f"{ID}/computes/cpu",
            "inputs": {"x": {"job_input_type": "literal", "value": "${{parent.inputs.n}}"}},
            "name": "s",
            "type": "command",
        }
    }
    assert wire["inputs"] == {"n": {"jobInputType": "literal", "value": "1"}}


def test_who_a_job_runs_as() -> None:
    job = {"job": "azureml:t", "identity": {"type": "managed", "client_id": "1"}}
    made, _ = settled(create_job=job)
    wire = properties_to_wire(made, WORKSPACE, None)["action"]["jobDefinition"]
    assert wire["identity"] == {"identityType": "Managed", "clientId": "1"}
    assert made.job.extra == {"identity": {"client_id": "1", "type": "managed"}}


def test_every_rule_has_a_reason() -> None:
    assert all(rule.reason for rule in rules())


def test_spellings_mean_the_same() -> None:
    """What azure-ai-ml sends, what the service makes of it, and what we send."""
    sent = pipeline()
    sent["trigger"] |= {"frequency": "day", "schedule": {"hours": [2, 2], "minutes": [0]}}
    sent["trigger"]["startTime"] = "2026-01-01 00:00:00"
    shown = pipeline(provisioningState="Succeeded", tags=None, properties={}, description=None)
    shown["trigger"] |= {"startTime": "2026-01-01T00:00:00", "endTime": None}
    shown["trigger"]["schedule"] |= {"weekDays": None, "monthDays": []}
    shown["action"]["jobDefinition"] |= {"status": "NotStarted"}
    shown["action"]["jobDefinition"]["settings"] = {"_source": "REMOTE.WORKSPACE.JOB"}
    read = [schedule_from_wire("a", one, TARGET, WORKSPACE) for one in (sent, shown)]
    assert read[0] == read[1]


# ---------------------------------------------------------------------------------- on the service


def only(plan: Any) -> Change:
    [change] = plan.changes
    assert isinstance(change, Change)
    return change


def test_unknown_members_survive_an_update() -> None:
    later = ("novel", "notificationSetting")
    with StandIn(later=later) as arm:
        live = pipeline(novel={"x": 1})
        live["trigger"]["novel"] = 2
        live["action"]["novel"] = 3
        live["action"]["jobDefinition"]["notificationSetting"] = {"emailOn": ["JobFailed"]}
        live["action"]["jobDefinition"]["inputs"] = {
            "n": {"jobInputType": "literal", "value": "1", "description": "how many"}
        }
        arm.put_live("a", live)
        declared = schedule(
            "a",
            trigger={"type": "recurrence", "frequency": "day", "interval": 2},
            create_job={"job": "azureml:train", "inputs": {"n": 2}},
        )
        one = provider(arm)
        plan = plan_target([declared], one, owner=OWNER, options=PlanOptions(adopt=("a",)))
        assert [r.outcome for r in apply_plan(plan, one)] == [Outcome.UPDATED]
        found = (arm.live("a") or {})["properties"]
        assert found["novel"] == {"x": 1}
        assert found["trigger"]["novel"] == 2
        assert found["trigger"]["interval"] == 2
        assert found["action"]["novel"] == 3
        job = found["action"]["jobDefinition"]
        assert job["notificationSetting"] == {"emailOn": ["JobFailed"]}
        assert job["inputs"]["n"] == {
            "jobInputType": "literal",
            "value": "2",
            "description": "how many",
        }
        assert plan_target([declared], one, owner=OWNER).pending == ()


def test_a_start_that_was_filled_in_is_carried_over() -> None:
    with StandIn() as arm:
        reconcile([schedule("a")], provider(arm), owner=OWNER)
        first = (arm.live("a") or {})["properties"]["trigger"]["startTime"]
        assert first is not None
        reconcile([schedule("a", description="new")], provider(arm), owner=OWNER)
        properties = (arm.live("a") or {})["properties"]
        assert (properties["description"], properties["trigger"]["startTime"]) == ("new", first)


def test_a_start_is_carried_over_to_the_clock_of_another_zone() -> None:
    with StandIn() as arm:
        live = pipeline()
        live["trigger"] |= {"startTime": "2026-01-01T10:00:00"}
        arm.put_live("a", live)
        trigger = {"type": "cron", "expression": "0 2 * * *", "time_zone": "Asia/Tokyo"}
        one = provider(arm)
        plan = plan_target(
            [schedule("a", trigger=trigger)], one, owner=OWNER, options=PlanOptions(adopt=("a",))
        )
        after = only(plan).after
        assert after is not None
        assert getattr(after.trigger, "start_time").isoformat() == "2026-01-01T19:00:00"  # noqa: B009


def test_a_start_is_carried_over_once() -> None:
    """Lisbon is sent as the zone of London, whose clock was another one in 1976."""
    with StandIn() as arm:
        live = pipeline()
        live["trigger"] |= {"startTime": "1976-01-01T00:00:00"}
        arm.put_live("a", live)
        trigger = {"type": "cron", "expression": "0 2 * * *", "time_zone": "Europe/Lisbon"}
        one, declared = provider(arm), [schedule("a", trigger=trigger)]
        apply_plan(plan_target(declared, one, owner=OWNER, options=PlanOptions(adopt=("a",))), one)
        assert plan_target(declared, one, owner=OWNER).pending == ()


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (
            {"actionType": "InvokeBatchEndpoint", "endpointInvocationDefinition": {"x": 1}},
            "InvokeBatchEndpoint",
        ),
        ({"actionType": "CreateMonitor", "monitorDefinition": {"x": 1}}, "CreateMonitor"),
        (
            {"actionType": "CreateJob", "jobDefinition": {"jobType": "Command", "command": "x"}},
            "a job of type command",
        ),
    ],
)
def test_schedules_of_other_kinds_are_shown_and_never_written(
    action: dict[str, Any], kind: str
) -> None:
    with StandIn() as arm:
        before = arm.put_live("a", pipeline(action=action, tags={"reconciler-owner": OWNER}))
        one = provider(arm)
        [live] = one.list()
        assert live.owner is None
        after = datetime(2027, 1, 1, tzinfo=UTC)
        fires = list(one.next_fires(live.schedule, after, after + timedelta(days=2)))
        assert [fire.hour for fire in fires] == [2, 2]
        assert kind.lower() in live.schedule.job.reference.lower()
        assert plan_target([schedule("b")], one, owner=OWNER).unmanaged == 1
        with pytest.raises(DeclarationError) as caught:
            plan_target([schedule("a")], one, owner=OWNER, options=PlanOptions(adopt=("a",)))
        assert "a schedule of another kind has this name" in caught.value.problems[0].message
        assert arm.live("a") == before


def test_marks_and_who_changed_what() -> None:
    with StandIn(author=("pipeline@example", "Application")) as arm:
        reconcile([schedule("a")], provider(arm, revision="0123abc"), owner=OWNER)
        tags = (arm.live("a") or {})["properties"]["tags"]
        assert tags.pop("reconciler-digest").startswith("n:")
        assert tags == {
            "reconciler-owner": OWNER,
            "reconciler-source": "s.yaml:1",
            "reconciler-revision": "0123abc",
        }

        def why(**document: Any) -> str:
            change = only(plan_target([schedule("a", **document)], provider(arm), owner=OWNER))
            return change.reason if change.action is Action.UPDATE else change.action.name

        assert why() == "NOOP"
        assert why(description="new") == "changed in the repository"
        live = arm.edit("a", lambda properties: properties.update(description="by hand"))
        when = live["systemData"]["lastModifiedAt"][:16].replace("T", " ")
        assert why() == f"changed live by Ada Person on {when} UTC"
        assert (
            why(description="new")
            == f"changed in the repository, and live by Ada Person on {when} UTC"
        )


def test_tags_of_ours_are_never_a_difference() -> None:
    with StandIn() as arm:
        reconcile([schedule("a", tags={"team": "x"})], provider(arm, revision="1"), owner=OWNER)
        arm.edit("a", lambda p: p["tags"].update({"reconciler-revision": "by hand"}))
        declared = [schedule("a", tags={"team": "x", "reconciler-digest": "mine"})]
        assert plan_target(declared, provider(arm, revision="2"), owner=OWNER).pending == ()


def test_a_schedule_whose_end_is_past_can_still_be_switched_off() -> None:
    with StandIn() as arm:
        reconcile([schedule("a"), schedule("b")], provider(arm), owner=OWNER)
        arm.edit("a", lambda p: p["trigger"].update(endTime="2020-01-01T00:00:00"))
        results = reconcile([schedule("b")], provider(arm), owner=OWNER)
        assert [result.outcome for result in results] == [Outcome.DISABLED, Outcome.UNCHANGED]
        assert (arm.live("a") or {})["properties"]["isEnabled"] is False


@pytest.mark.parametrize(
    ("expression", "fired"),
    [
        ("0 2 1 * *", "0 2 * * *"),
        ("*/5 1-3 * 6 1-5", "*/5 1-3 * * 1-5"),
        ("0 2 31 2 1", "0 2 * * 1"),
        ("0 2 * * 1", "0 2 * * 1"),
    ],
)
def test_days_and_months_of_a_live_cron_are_any(expression: str, fired: str) -> None:
    with StandIn() as arm:
        trigger = {"type": "cron", "expression": expression}
        assert provider(arm).firing_trigger(schedule("a", trigger=trigger)) == Cron(fired)


# ----------------------------------------------------------------------------- NCrontab's spellings


@pytest.mark.parametrize(
    ("live", "declared"),
    [
        ("0 9 * * Monday", "0 9 * * 1"),
        ("0 9 * * FRI-MON", "0 9 * * 1-5"),
        ("0 9 1-31 * mond", "0 9 * * MON"),
        ("*/15 9-9/2 * */1 *", "0,15,30,45 9 * * *"),
        ("0 9 * * 0,6", "0 9 * * 6,7"),
    ],
)
def test_another_spelling_of_what_is_live_is_no_difference(live: str, declared: str) -> None:
    with StandIn() as arm:
        arm.put_live("a", pipeline(trigger={"triggerType": "Cron", "expression": live}))
        declaration = schedule("a", trigger={"type": "cron", "expression": declared})
        one, adopt = provider(arm), PlanOptions(adopt=("a",))
        plan = plan_target([declaration], one, owner=OWNER, options=adopt)
        assert [field.path for field in only(plan).fields] == [("owner",)]
        apply_plan(plan, one)
        assert plan_target([declaration], one, owner=OWNER).pending == ()
        assert (arm.live("a") or {})["properties"]["trigger"]["expression"] == live


@pytest.mark.parametrize(
    ("live", "declared"),
    [
        ("0 9 1 * 1", "0 9 * * 1"),  # says what does not happen
        ("0 9 * * 1/2", "0 9 * * 1,3,5,0"),
        ("0 9 31 2 *", "0 9 * * *"),
    ],
)
def test_what_says_something_else_is_a_difference(live: str, declared: str) -> None:
    with StandIn() as arm:
        arm.put_live("a", pipeline(trigger={"triggerType": "Cron", "expression": live}))
        declaration = schedule("a", trigger={"type": "cron", "expression": declared})
        one, adopt = provider(arm), PlanOptions(adopt=("a",))
        plan = plan_target([declaration], one, owner=OWNER, options=adopt)
        paths = [field.path for field in only(plan).fields]
        assert paths == [("owner",), ("trigger", "expression")]


def test_another_kind_of_trigger_keeps_its_own_words() -> None:
    made = canonical(schedule("a", trigger={"type": "cron", "expression": "0 9 * * 1"}), WORKSPACE)
    over = canonical(
        schedule("a", trigger={"type": "cron", "expression": "0 9 * * 1"}),
        WORKSPACE,
        Recurrence("day", 1),
    )
    assert made.schedule.trigger == over.schedule.trigger == Cron("0 9 * * 1")


# ------------------------------------------------------------------------------------ the first run


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ({"schedule": {"hours": 9, "minutes": 0}}, True),
        ({"schedule": {"hours": 9, "minutes": 0}, "start_time": "2026-01-01T00:00:00"}, False),
        ({}, False),
    ],
)
def test_what_a_pattern_without_a_start_does_first(trigger: dict[str, Any], said: bool) -> None:
    with StandIn() as arm:
        recurrence = {"type": "recurrence", "frequency": "day", "interval": 1} | trigger
        declared = [
            schedule("a", trigger=recurrence),
            schedule("off", trigger=recurrence, is_enabled=False),
        ]
        now = datetime(2026, 11, 23, 10, tzinfo=UTC)
        plan = plan_target(declared, provider(arm), owner=OWNER, now=now)
        messages = [
            warning.message
            for change in plan.changes
            for warning in (change.impact.warnings if change.impact else ())
            if "Azure's documentation" in warning.message
        ]
        assert len(messages) == said
        assert [change.action for change in plan.changes] == [Action.CREATE] * 2


def test_the_repository_is_a_mark_and_no_difference() -> None:
    with StandIn() as arm:
        declared = schedule("a", tags={"team": "x"})
        reconcile([declared], provider(arm), owner=OWNER)
        one = provider(arm, repository="here")
        assert plan_target([declared], one, owner=OWNER, repository="here").pending == ()
        changed = schedule("a", tags={"team": "x"}, description="new")
        one = provider(arm, repository="here")
        apply_plan(plan_target([changed], one, owner=OWNER, repository="here"), one)
        assert (arm.live("a") or {})["properties"]["tags"]["reconciler-repository"] == "here"
        (live,) = provider(arm).list()
        assert (live.repository, dict(live.schedule.tags)) == ("here", {"team": "x"})
        other = provider(arm, repository="there")
        plan = plan_target([changed], other, owner=OWNER, repository="there")
        assert [change.action for change in plan.changes] == [Action.SKIP]
        assert plan_target([], other, owner=OWNER, repository="there").pending == ()
