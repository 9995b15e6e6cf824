"""What goes wrong between here and Azure: nothing is lost, the message says what happened, and the
next apply converges."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from fakes.arm import StandIn, pipeline
from helpers import OWNER, schedule

from providers.azureml.opened import VirtualClock, client, provider
from reconciler.apply import apply_plan
from reconciler.errors import ConfigError, ProviderError, ProviderUnavailable, Unauthorized
from reconciler.model import Outcome, Result
from reconciler.providers.azureml.client import Limits
from reconciler.providers.azureml.credentials import IdentityToken, fixed_token
from reconciler.reconcile import plan_target, reconcile

TOKEN = "a-very-secret-token"
DECLARED = [schedule("a"), schedule("b")]
CREATED = [Outcome.CREATED, Outcome.CREATED]
SHORT = Limits(attempts=3, operation_timeout=20)


@pytest.fixture
def arm() -> Iterator[StandIn]:
    with StandIn(token=TOKEN) as arm:
        yield arm
        assert arm.violations == []
        assert TOKEN not in json.dumps([arm.live(name) for name in arm.names()])


def cycle(arm: StandIn, **options: Any) -> list[Result]:
    return reconcile(DECLARED, provider(arm, **{"limits": SHORT} | options), owner=OWNER)


def one_by_one(arm: StandIn, **options: Any) -> list[Result]:
    one = provider(arm, limits=SHORT, **options)
    return apply_plan(plan_target(DECLARED, one, owner=OWNER), one, parallelism=1)


def outcomes(results: list[Result]) -> list[Outcome]:
    assert TOKEN not in repr(results)
    return [result.outcome for result in results]


def converges(arm: StandIn) -> None:
    """The next apply does what is left, and the one after it nothing."""
    arm.faults.clear()
    assert Outcome.FAILED not in outcomes(cycle(arm))
    assert plan_target(DECLARED, provider(arm), owner=OWNER).pending == ()
    assert sorted(arm.names()) == ["a", "b"]
    states = {(arm.live(name) or {})["properties"]["provisioningState"] for name in arm.names()}
    assert states == {"Succeeded"}


PASSING: dict[str, Callable[[StandIn], object]] = {
    "dropped before the work": lambda arm: arm.drop(method="PUT"),
    "dropped after the work": lambda arm: arm.drop(before=False, method="PUT"),
    "dropped while polling": lambda arm: arm.drop(route="operation", times=2),
    "dropped while listing": lambda arm: arm.drop(route="list"),
    "ill for a while": lambda arm: arm.fail(503, times=2),
    "ill after a while": lambda arm: arm.fail(500, method="PUT", times=2),
    "asked to wait": lambda arm: arm.fail(503, method="PUT", retry_after="7"),
    "thrown back": lambda arm: arm.fail(429, times=20, retry_after="3"),
    "a poll cut off": lambda arm: arm.truncate(route="operation"),
    "a page cut off": lambda arm: arm.truncate(route="list"),
    "a put's answer cut off": lambda arm: arm.truncate(method="PUT"),
}


@pytest.mark.parametrize("trouble", PASSING)
def test_what_passes_is_got_over(arm: StandIn, trouble: str) -> None:
    PASSING[trouble](arm)
    assert outcomes(cycle(arm)) == CREATED
    assert arm.faults.pending() == []
    converges(arm)


FOR_EVER: dict[str, tuple[Callable[[StandIn], object], str]] = {
    "drops": (lambda arm: arm.drop(name="a", times=99), "the connection failed"),
    "500": (lambda arm: arm.fail(500, name="a", times=99), "HTTP 500: The service is not"),
    "503": (lambda arm: arm.fail(503, name="a", times=99), "HTTP 503: The service is not"),
    "429": (lambda arm: arm.fail(429, name="a", times=9999, retry_after="60"), "HTTP 429: "),
}


@pytest.mark.parametrize("trouble", FOR_EVER)
def test_what_does_not_pass_fails_one_schedule_and_not_the_others(
    arm: StandIn, trouble: str
) -> None:
    arrange, words = FOR_EVER[trouble]
    arrange(arm)
    results = cycle(arm)
    assert outcomes(results) == [Outcome.FAILED, Outcome.CREATED]
    assert results[0].error is not None
    assert words in results[0].error
    assert results[0].error.startswith("no answer ")
    converges(arm)


def test_a_list_that_fails_half_way_plans_nothing(arm: StandIn) -> None:
    arm.settings.page_size = 1
    assert outcomes(cycle(arm)) == CREATED
    arm.forget()
    arm.fail(503, route="list", skip=1, times=99)
    with pytest.raises(ProviderUnavailable) as caught:
        cycle(arm)
    assert caught.value.message.startswith("list: no answer after 3 attempts: HTTP 503: ")
    assert arm.counts["PUT schedule"] == 0
    converges(arm)


def test_an_operation_that_never_ends(arm: StandIn) -> None:
    arm.never_end_operations(schedule="a")
    results = cycle(arm)
    assert outcomes(results) == [Outcome.FAILED, Outcome.CREATED]
    assert results[0].error is not None
    assert results[0].error.startswith(
        "it was still in progress after 20 s; it may yet be done [correlation id "
    )
    arm.end_operations()
    converges(arm)


@pytest.mark.parametrize("leaves", ["previous", "failed"])
def test_an_operation_that_fails_inside_a_200(arm: StandIn, leaves: str) -> None:
    arm.fail_operations("The compute is gone", schedule="a", leaves=leaves)
    results = cycle(arm)
    assert outcomes(results) == [Outcome.FAILED, Outcome.CREATED]
    assert results[0].error is not None
    assert results[0].error.startswith("The compute is gone [correlation id ")
    converges(arm)


def test_a_workspace_that_says_no_operation_is_looked_at_itself(arm: StandIn) -> None:
    arm.settings.async_header = False
    arm.store.polls = 2
    assert outcomes(cycle(arm)) == CREATED
    arm.fail_operations(schedule="a", leaves="failed", polls=1)
    changed = [schedule("a", description="new"), DECLARED[1]]
    [failed, _] = reconcile(changed, provider(arm), owner=OWNER)
    assert failed.outcome is Outcome.FAILED
    assert str(failed.error).startswith("it ended as failed [correlation id ")


# ---------------------------------------------------------------------------------------- tokens


def test_a_token_that_expires_is_renewed(arm: StandIn) -> None:
    given = [TOKEN]

    def source(refused: bool) -> str:
        if refused:
            given.append("fresh-token")
        return given[-1]

    arm.before(lambda call: arm.expire_token("fresh-token"), method="PUT")
    assert outcomes(cycle(arm, token=source)) == CREATED
    assert set(given) == {TOKEN, "fresh-token"}


def test_a_token_that_is_refused(arm: StandIn) -> None:
    arm.expire_token()
    with pytest.raises(Unauthorized) as caught:
        cycle(arm)
    assert caught.value.message.startswith(
        "list: The access token has expired. (ExpiredAuthenticationToken) [correlation id "
    )
    assert caught.value.hint == "the token is not accepted; sign in again"
    assert TOKEN not in repr(caught.value)
    assert [call.status for call in arm.called()] == [401, 401]


def test_a_token_that_is_refused_half_way(arm: StandIn) -> None:
    arm.before(lambda call: arm.expire_token("new"), method="PUT", name="b")
    results = one_by_one(arm)
    assert outcomes(results) == [Outcome.CREATED, Outcome.FAILED]
    assert str(results[1].error).startswith("The access token has expired.")


def test_signing_in_that_fails_half_way_is_a_failed_change(arm: StandIn) -> None:
    def source(refused: bool) -> str:
        if refused:
            raise ConfigError("no way to sign in to Azure was found")
        return TOKEN

    arm.before(lambda call: arm.expire_token("new"), method="PUT", name="b")
    results = one_by_one(arm, token=source)
    assert outcomes(results) == [Outcome.CREATED, Outcome.FAILED]
    assert results[1].error == "no way to sign in to Azure was found"


def test_signing_in_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)
    monkeypatch.setitem(sys.modules, "azure.core.exceptions", None)
    with StandIn() as arm, pytest.raises(Unauthorized) as caught:
        list(provider(arm, token=IdentityToken("scope")).list())
    assert caught.value.message == "list: azure-identity is needed to sign in to Azure"
    assert "pip install 'schedule-reconciler[azure]'" in str(caught.value.hint)


@pytest.mark.parametrize("text", ["two words", "line\nbreak", "no-ascii-é"])
def test_what_cannot_be_a_token(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        fixed_token(text)
    assert text not in caught.value.message


def test_a_netrc_does_not_take_the_place_of_the_token(
    arm: StandIn, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password x\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert outcomes(cycle(arm)) == CREATED


# ------------------------------------------------------------------------------- other addresses


@pytest.mark.parametrize(
    "elsewhere", ["{host}:{other}", "evil.example", "u@{host}:{port}", "{host}:{port}@evil.example"]
)
def test_the_token_goes_to_no_other_host(
    arm: StandIn, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for a next page nor for an operation."""
    host, port = arm.address.removeprefix("http://").split(":")
    with StandIn(token=TOKEN) as other:
        other_port = other.address.rpartition(":")[2]
        place = elsewhere.format(host=host, port=port, other=other_port)
        handle = arm._routes.handle

        def lying(call: Any) -> Any:
            done = handle(call)
            own = arm.address.removeprefix("http://")
            done.body = done.body.replace(
                f'"nextLink": "http://{own}'.encode(), f'"nextLink": "http://{place}'.encode()
            )
            for name, value in done.headers.items():
                done.headers[name] = value.replace(f"http://{own}", f"http://{place}")
            return done

        monkeypatch.setattr(arm._routes, "handle", lying)
        results = cycle(arm)
        assert outcomes(results) == [Outcome.FAILED, Outcome.FAILED]
        assert str(results[0].error).startswith("an address leads to another host: ")
        assert "[correlation id " in str(results[0].error)
        arm.settings.page_size = 1
        with pytest.raises(ProviderError, match="list: an address leads to another host: "):
            list(client(arm).list())
        assert other.calls == []
        monkeypatch.undo()
        converges(arm)


def test_an_address_that_cannot_be_read_is_not_called(
    arm: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = "http://[::1"
    handle = arm._routes.handle

    def lying(call: Any) -> Any:
        done = handle(call)
        if call.method == "GET":
            done.body = json.dumps(json.loads(done.body) | {"nextLink": link}).encode()
        elif "Azure-AsyncOperation" in done.headers:
            done.headers["Azure-AsyncOperation"] = link
        return done

    one = client(arm)
    monkeypatch.setattr(arm._routes, "handle", lying)
    with pytest.raises(ProviderError, match="list: an address is none"):
        list(one.list())
    with pytest.raises(ProviderError, match="create local/a: an address is none"):
        one.put("a", pipeline(), "create")
    assert dict(arm.counts) == {"GET list": 1, "PUT schedule": 1}


# ------------------------------------------------------------- meanwhile, between plan and apply

LATER = 31.0


def planned(arm: StandIn, time: VirtualClock) -> tuple[Any, Any]:
    assert outcomes(cycle(arm)) == CREATED
    one = provider(arm, time=time)
    return plan_target([schedule("a", description="new")], one, owner=OWNER), one


def apply_later(arm: StandIn, meanwhile: Callable[[StandIn], object]) -> list[Result]:
    time = VirtualClock()
    plan, one = planned(arm, time)
    meanwhile(arm)
    time.now += LATER
    return apply_plan(plan, one, parallelism=1)


def test_a_schedule_that_was_deleted_meanwhile(arm: StandIn) -> None:
    results = apply_later(arm, lambda arm: (arm.remove("a"), arm.remove("b")))
    assert [result.error for result in results] == ["it does not exist any more"] * 2
    assert arm.names() == []
    converges(arm)


def test_a_schedule_that_was_changed_meanwhile(arm: StandIn) -> None:
    def change(arm: StandIn) -> None:
        for name in ("a", "b"):
            arm.edit(name, lambda properties: properties.update(description="by hand"))

    results = apply_later(arm, change)
    assert [r.error for r in results] == ["it was changed after the plan was made"] * 2
    for name in ("a", "b"):
        assert (arm.live(name) or {})["properties"]["description"] == "by hand"
    converges(arm)


def test_a_schedule_that_was_made_by_hand_meanwhile(arm: StandIn) -> None:
    time = VirtualClock()
    one = provider(arm, time=time)
    plan = plan_target(DECLARED, one, owner=OWNER)
    made = arm.put_live("a", pipeline())
    time.now += LATER
    results = apply_plan(plan, one)
    assert results[0].error == "it was made after the plan was made, and is made by hand"
    assert results[1].outcome is Outcome.CREATED
    assert arm.live("a") == made


# ------------------------------------------------------------------------------ words of errors


def test_what_azure_refuses_is_said_in_its_words(arm: StandIn) -> None:
    past = schedule(
        "a",
        trigger={"type": "cron", "expression": "0 * * * *"} | {"end_time": "2020-01-01T00:00:00"},
    )
    [result] = reconcile([past], provider(arm), owner=OWNER)
    assert str(result.error).startswith(
        "HTTP 400: trigger endtime can not be past time (BadRequest) [correlation id "
    )


def test_another_workspace_is_an_error_and_not_an_empty_one(arm: StandIn) -> None:
    for part in ("subscription", "group", "workspace"):
        one = provider(arm)
        before = getattr(arm.settings, part)
        setattr(arm.settings, part, "another")
        with pytest.raises(ProviderError, match=r"^list: HTTP 404: .* \[correlation id ") as caught:
            list(one.list())
        assert caught.value.hint is not None
        setattr(arm.settings, part, before)


def test_no_permission(arm: StandIn) -> None:
    arm.fail(403, method="PUT", name="a")
    results = cycle(arm)
    assert outcomes(results) == [Outcome.FAILED, Outcome.CREATED]


def test_nothing_listens() -> None:
    with StandIn(token=TOKEN) as arm:
        one = provider(arm, limits=SHORT)
    with pytest.raises(ProviderUnavailable) as caught:
        list(one.list())
    words = "list: no answer after 3 attempts: the connection failed"
    assert caught.value.message == words


def test_words_of_library_errors_hold_no_address() -> None:
    from reconciler.providers.azureml.answers import connection_words

    errors = requests.exceptions
    for error in (
        errors.ConnectTimeout,
        errors.ReadTimeout,
        errors.SSLError,
        errors.ChunkedEncodingError,
        errors.ConnectionError,
        errors.InvalidHeader,
    ):
        assert TOKEN not in connection_words(error(f"{TOKEN} http://host"))
