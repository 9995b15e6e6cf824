"""Azure Machine Learning as a provider: the contract, over HTTP against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fakes.arm import StandIn
from helpers import CRON, OWNER, TARGET, schedule, with_job_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers.azureml.opened import provider
from providers.contract import DAILY, DEEP, INBOX, KEYS, NAMES, Contract, Opened, optional
from reconciler.document import schedule_from_document
from reconciler.model import Key, Schedule
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.provider import AzureMLProvider

WEEKLY = {
    "type": "recurrence",
    "frequency": "week",
    "interval": 2,
    "schedule": {"week_days": ["sunday", "monday"], "hours": [18], "minutes": [30, 0]},
    "start_time": "2026-01-05T00:00:00",
    "time_zone": "Europe/Lisbon",
}


class OpenedWorkspace(Opened):
    def __init__(self, arm: StandIn) -> None:
        self.arm = arm
        self.opened: list[AzureMLProvider] = []

    def as_owner(self, owner: str | None = OWNER) -> AzureMLProvider:
        self.opened.append(provider(self.arm, owner, revision="0123abc", data_changes=True))
        return self.opened[-1]


# ------------------------------------------------------------------------------ what Azure can take

WORD = st.sampled_from(["a", "1", "1.0", "True", "null", "~a", "é1", "𝄞_", "'\"0\\", "\u2028x"])
LITERAL = (
    st.booleans()
    | st.integers(min_value=-(10**20), max_value=10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORD
)
DATA = st.fixed_dictionaries(
    {"path": WORD.map("azureml://datastores/d/paths/{}".format)},
    optional={
        "type": st.sampled_from(["uri_file", "uri_folder", "mltable", "mlflow_model"]),
        "mode": st.sampled_from(["ro_mount", "rw_mount", "download", "direct", "eval_mount"]),
    },
)
OUTPUT = (
    st.none()
    | WORD
    | optional(
        path=WORD.map("azureml://datastores/d/paths/{}".format),
        type=st.sampled_from(["uri_file", "uri_folder", "mltable"]),
        mode=st.sampled_from(["rw_mount", "upload", "direct"]),
    )
)
COMPUTE = st.sampled_from(["azureml:cpu", "cpu", "azureml:/subscriptions/s/computes/c"])
TEXTS = WORD | st.sampled_from(["", " "])
BOUNDS = {
    "start_time": st.datetimes().map(lambda d: d.replace(microsecond=0).isoformat()),
    "end_time": st.sampled_from(["2999-01-01T00:00:00", "9999-12-31T23:59:59"]),
    "time_zone": st.sampled_from(
        ["UTC", "Europe/Lisbon", "Asia/Kathmandu", "Pacific Standard Time", "Asia/Kolkata"]
    ),
}
PATTERNS = optional(
    hours=st.lists(st.integers(0, 23), max_size=4) | st.integers(0, 23),
    minutes=st.lists(st.integers(0, 59), max_size=4),
    week_days=st.lists(st.sampled_from(["Monday", "sunday", "wednesday"]), max_size=3),
    month_days=st.lists(st.integers(1, 31), max_size=3),
)
RECURRENCES = st.fixed_dictionaries(
    {
        "type": st.just("recurrence"),
        "frequency": st.sampled_from(["minute", "Hour", "day", "week", "Month"]),
        "interval": st.integers(1, 1000),
    },
    optional={"schedule": PATTERNS, **BOUNDS},
)
CRONS = st.fixed_dictionaries(
    {
        "type": st.just("cron"),
        "expression": st.sampled_from(
            ["0 2 * * *", "*/5  *  * * MON-FRI", "0 0 1,15 * *", "30 6 * * 0,7", "5 4 */2 * *"]
        ),
    },
    optional=BOUNDS,
)
CHANGES = st.fixed_dictionaries(
    {"type": st.just("datastore"), "datastore": st.sampled_from(["inbox", "d"])},
    optional={
        "path_on_datastore": st.sampled_from(["", "/", "a//b/", "é ü", "a/./b"]),
        "polling_interval": st.integers(1, 10_000),
        "data_path_parameter_name": NAMES | st.just("n"),
    },
)
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "experiment_name": TEXTS | st.just("Default"),
    "display_name": TEXTS,
    "description": TEXTS,
    "compute": COMPUTE,
    "inputs": st.dictionaries(NAMES, LITERAL | st.none() | DATA, max_size=3),
    "outputs": st.dictionaries(NAMES, OUTPUT, max_size=2),
    "settings": optional(
        continue_on_step_failure=st.booleans() | st.just("True"),
        force_rerun=st.booleans(),
        default_compute=COMPUTE,
    ),
    "tags": st.dictionaries(KEYS, LITERAL | TEXTS, max_size=2),
    "identity": st.sampled_from([{"type": "managed"}, {"type": "user_identity"}]),
    "limits": DEEP,
}
REFERENCES = st.sampled_from(
    ["azureml:train", "azureml:/subscriptions/s/resourceGroups/g/workspaces/w/jobs/j"]
)
WHOLE = """{"type":"pipeline","inputs":{"n":1},"jobs":{
 "a":{"component":"azureml:prepare:1","inputs":{"x":"${{parent.inputs.n}}"}},
 "b":{"component":"azureml:train@latest","compute":"azureml:cpu","outputs":{"o":"${{x}}"}}}}"""
DOCUMENTS = st.fixed_dictionaries(
    {
        "trigger": RECURRENCES | CRONS | CHANGES,
        "create_job": st.fixed_dictionaries({"job": REFERENCES}, optional=COMMON),
    },
    optional={
        "display_name": TEXTS,
        "description": TEXTS,
        "is_enabled": st.booleans(),
        "tags": st.dictionaries(KEYS, LITERAL | TEXTS, max_size=3),
        "properties": st.dictionaries(KEYS, LITERAL | st.none(), max_size=2),
    },
)


@st.composite
def schedules(draw: st.DrawFn) -> list[Schedule]:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    made = [
        schedule_from_document({"name": name} | draw(DOCUMENTS), Key(TARGET, name))
        for name in names
    ]
    return [with_job_file(one, WHOLE) if draw(st.booleans()) else one for one in made]


LAW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)


class TestAzureML(Contract):
    fills_in_start = True
    triggers = (CRON, DAILY, WEEKLY, INBOX)
    examples = schedules()

    @contextmanager
    def open(self) -> Iterator[OpenedWorkspace]:
        with StandIn(jobs={"train"}) as arm:
            arm.assets.everything = True
            opened = OpenedWorkspace(arm)
            yield opened
            for one in opened.opened:
                closing: Client = one._client
                closing.close()
            assert arm.violations == []

    def declare(self, name: str, **document: Any) -> Schedule:
        return schedule(name, **document)

    @settings(LAW, max_examples=40)
    @given(data=st.data())
    def test_the_first_law(self, data: st.DataObject) -> None:
        self.check_the_first_law(data)

    @pytest.mark.torture
    @settings(LAW, max_examples=500)
    @given(data=st.data())
    def test_the_first_law_at_length(self, data: st.DataObject) -> None:
        self.check_the_first_law(data)
