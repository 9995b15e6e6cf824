"""How many calls are made, how fast, and how many at once."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fakes.arm import StandIn, pipeline
from helpers import OWNER, schedule

from providers.azureml.opened import VirtualClock, client, provider
from reconciler.apply import apply_plan
from reconciler.errors import ProviderError
from reconciler.model import Outcome
from reconciler.providers.azureml.calls import Calls
from reconciler.providers.azureml.client import API_VERSION, Client, Limits
from reconciler.providers.azureml.credentials import fixed_token
from reconciler.providers.azureml.limiter import TokenBucket
from reconciler.reconcile import plan_target, reconcile


def test_a_plan_reads_pages_only() -> None:
    """3,000 schedules that are as declared: as many calls as pages, on one connection."""
    declared = [
        schedule(f"s{number:05}", trigger={"type": "recurrence", "frequency": "day", "interval": 1})
        for number in range(3_000)
    ]
    with StandIn() as arm:
        one = provider(arm)
        for made in declared:
            arm.put_live(made.key.name, _properties(arm, made))
        plan = plan_target(declared, one, owner=OWNER)
        assert plan.pending == ()
        assert len(plan.changes) == 3_000
        assert dict(arm.counts) == {"GET list": 30}
        assert {call.query["listViewType"] for call in arm.called()} == {"All"}
        assert arm.most_at_once == 1


def _properties(arm: StandIn, made: object) -> dict[str, object]:
    from reconciler.model import Schedule
    from reconciler.providers.azureml.wire import Marks, properties_to_wire

    assert isinstance(made, Schedule)
    return properties_to_wire(made, client(arm).workspace, Marks(OWNER))


def test_who_listens_hears_of_each_call() -> None:
    heard: list[str] = []
    clock = VirtualClock()
    with StandIn() as arm:
        arm.fail(503, method="GET")
        arm.fail(429, method="GET", retry_after="3")
        listening = Client(
            client(arm).workspace,
            fixed_token(arm.settings.token),
            target="prod",
            clock=clock.clock,
            sleep=clock.sleep,
            observer=heard.append,
        )
        assert list(listening.list()) == []
        listening.close()
    assert sorted(heard) == ["GET", "GET", "GET", "retry", "throttled"]


@pytest.mark.parametrize("is_local", [True, False])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_only_calls_that_leave_this_machine_go_through_a_proxy(
    scheme: str, is_local: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would see the token, in clear over plain http."""
    seen: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def handle(self) -> None:
            seen.append(self.rfile.readline().decode())

    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy, StandIn(token="t") as arm:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.02,))
        thread.start()
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
            monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.server_port}")
        calls = Calls(
            fixed_token("t"),
            Limits(attempts=1),
            sleep=lambda seconds: None,
            agent="test",
            is_local=is_local,
        )
        url = arm.schedules_url.replace("http://", f"{scheme}://")
        try:
            calls.call("GET", url, None, "list", parameters={"api-version": API_VERSION})
        except ProviderError:
            assert (scheme, is_local) != ("http", True)
        finally:
            calls.close()
            proxy.shutdown()
            thread.join()
    assert (seen == []) is is_local


@pytest.mark.parametrize("polls", [0, 2])
def test_as_many_calls_as_changes_and_polls(polls: int) -> None:
    declared = [schedule(f"s{number:03}") for number in range(30)]
    with StandIn(polls=polls) as arm:
        one = provider(arm)
        results = reconcile(declared, one, owner=OWNER)
        assert {result.outcome for result in results} == {Outcome.CREATED}
        assert dict(arm.counts) == {
            "GET list": 1,
            "PUT schedule": 30,
            "GET operation": 30 * (polls + 1),
        }
        arm.forget()
        changed = [schedule(f"s{number:03}", description="new") for number in range(15)]
        results = reconcile(changed, one, owner=OWNER)
        outcomes = [result.outcome for result in results]
        assert outcomes.count(Outcome.UPDATED) == outcomes.count(Outcome.DISABLED) == 15
        assert dict(arm.counts) == {
            "GET list": 1,
            "PUT schedule": 30,
            "GET operation": 30 * (polls + 1),
        }
        assert arm.throttled == 0


def test_a_plan_that_has_waited_is_checked_again() -> None:
    with StandIn() as arm:
        time = VirtualClock()
        one = provider(arm, time=time)
        plan = plan_target([schedule("a"), schedule("b")], one, owner=OWNER)
        time.now += 31
        apply_plan(plan, one)
        assert arm.counts["GET schedule"] == 2


@pytest.mark.parametrize("parallelism", [pytest.param(1, marks=pytest.mark.torture), 16])
def test_a_thousand_creates_under_the_buckets_of_azure(parallelism: int) -> None:
    """Nothing fails, nothing is thrown back, and it takes as long as the buckets want."""
    time = VirtualClock()
    declared = [schedule(f"s{number:04}") for number in range(1000)]
    with StandIn(writes=(200, 10), reads=(250, 25), monotonic=time.clock) as arm:
        one = provider(arm, time=time)
        plan = plan_target(declared, one, owner=OWNER)
        began = time.now
        results = apply_plan(plan, one, parallelism=parallelism)
        assert {result.outcome for result in results} == {Outcome.CREATED}
        assert arm.throttled == 0
        floor = (1000 - 200) / 10
        assert floor <= time.now - began <= 1.1 * floor
        assert arm.counts["PUT schedule"] == 1000


def test_a_smaller_bucket_than_expected_is_lived_with() -> None:
    time = VirtualClock()
    declared = [schedule(f"s{number:04}") for number in range(60)]
    with StandIn(writes=(10, 1), monotonic=time.clock) as arm:
        results = reconcile(declared, provider(arm, time=time), owner=OWNER)
        assert {result.outcome for result in results} == {Outcome.CREATED}
        assert arm.throttled > 0


def test_as_many_at_once_as_asked() -> None:
    meeting = threading.Barrier(8, timeout=30)
    declared = [schedule(f"s{number}") for number in range(8)]
    with StandIn() as arm:
        one = provider(arm)
        plan = plan_target(declared, one, owner=OWNER)
        arm.before(lambda call: meeting.wait(), method="PUT", times=8)
        apply_plan(plan, one, parallelism=8)  # ends only if all eight meet
        assert arm.most_at_once == 8


def test_pages_that_lead_in_a_circle_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.errors import ProviderError

    with StandIn(page_size=1) as arm:
        arm.put_live("a", pipeline())
        arm.put_live("b", pipeline())
        handle = arm._routes.handle
        first: list[bytes] = []

        def circling(call: object) -> object:
            done = handle(call)  # type: ignore[arg-type]
            first.append(done.body)
            done.body = first[0]
            return done

        monkeypatch.setattr(arm._routes, "handle", circling)
        with pytest.raises(ProviderError, match="the pages lead in a circle"):
            list(client(arm).list())


def test_the_bucket() -> None:
    time = VirtualClock()
    bucket = TokenBucket(2, 10, clock=time.clock, sleep=time.sleep)
    waits = [round(bucket.reserve(), 2) for _ in range(4)]
    assert waits == [0, 0, 0.1, 0.2]
    bucket.told_off(5)
    assert bucket.reserve() == 5
    time.now += 1000
    assert [round(bucket.reserve(), 2) for _ in range(3)] == [0, 0, 0.1]


def test_limits_are_those_of_azure() -> None:
    assert (Limits().reads, Limits().writes) == ((250, 25), (200, 10))
