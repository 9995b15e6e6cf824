"""What a target of Temporal is made from, and where it may lead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import environment

from reconciler.config import Target
from reconciler.declare.resolve import TargetSettings
from reconciler.errors import ConfigError
from reconciler.providers import Opening, open_provider, open_temporal
from reconciler.providers.temporal.access import TemporalAccess
from reconciler.providers.temporal.provider import TemporalProvider

ALLOWED = ("temporal.example:7233", "[fd00::1]:7233")


def opened(access: TemporalAccess | None = None, **options: Any) -> TemporalProvider:
    target = Target("prod", "temporal", TargetSettings("prod"), options)
    access = access or TemporalAccess("secret", addresses=ALLOWED)
    made = open_provider(target, Opening(Path("/repository"), "us", temporal=access))
    assert isinstance(made, TemporalProvider)
    return made


def test_what_is_left_out() -> None:
    made = opened()
    assert made.connection.address == "127.0.0.1:7233"
    assert made.connection.namespace == "default"
    assert made.task_queue == "reconciler"
    assert made.store.files.url == "file:///repository/.reconciler/store"
    assert made.owner == "us"


def test_what_is_said() -> None:
    made = opened(
        address="temporal.example:7233", namespace="ml", task_queue="q", store="s3://bucket/path"
    )
    assert made.connection.address == "temporal.example:7233"
    assert (made.connection.namespace, made.task_queue) == ("ml", "q")
    assert made.store.files.url == "s3://bucket/path"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "localhost:7233", "[::1]:7233", "TEMPORAL.example:7233", ALLOWED[1]]
)
def test_addresses_that_may_be_connected_to(address: str) -> None:
    assert opened(address=address).connection.address == address


@pytest.mark.parametrize(
    "address",
    [
        "evil.example:7233",
        "temporal.example:7234",
        "temporal.example.evil.example:7233",
        "[fd00::2]:7233",
    ],
)
def test_nothing_is_sent_to_an_address_that_only_the_repository_names(address: str) -> None:
    with pytest.raises(ConfigError, match="is not this machine's, and is sent nothing") as caught:
        opened(address=address)
    assert address not in caught.value.message
    assert caught.value.hint == (
        "if it is right, name it in the environment: RECONCILER_TEMPORAL_ADDRESSES"
    )


@pytest.mark.parametrize(
    "address",
    [
        "temporal.example",
        "temporal.example:0",
        "temporal.example:99999",
        "https://temporal.example:7233",
        "evil.example:7233@temporal.example:7233",
        "evil.example/temporal.example:7233",
        "temporal.example:7233\n",
        "",
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ConfigError, match="it is none such as"):
        opened(address=address)


def test_a_variable_that_holds_something_else() -> None:
    access = TemporalAccess(addresses=("temporal.example",))
    with pytest.raises(ConfigError, match="RECONCILER_TEMPORAL_ADDRESSES: there is something"):
        opened(access, address="temporal.example:7233")


def test_a_key_goes_over_tls_alone() -> None:
    access = TemporalAccess("secret", tls=False, addresses=ALLOWED)
    with pytest.raises(ConfigError, match="a key is sent over TLS alone"):
        opened(access, address="temporal.example:7233")
    opened(access, address="127.0.0.1:7233")
    opened(TemporalAccess(tls=False, addresses=ALLOWED), address="temporal.example:7233")


def test_access_is_of_the_environment() -> None:
    found = TemporalAccess.of(
        {
            "TEMPORAL_API_KEY": "secret",
            "TEMPORAL_TLS": "TRUE",
            "TEMPORAL_TLS_SERVER_NAME": "name",
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": "ca.pem",
            "TEMPORAL_TLS_CLIENT_CERT_PATH": "cert.pem",
            "TEMPORAL_TLS_CLIENT_KEY_PATH": "key.pem",
            "RECONCILER_TEMPORAL_ADDRESSES": " a:1  b:2 ",
        }
    )
    assert found == TemporalAccess(
        "secret", True, "name", "ca.pem", "cert.pem", "key.pem", ("a:1", "b:2")
    )
    assert "secret" not in repr(found)
    nothing = TemporalAccess.of({})
    assert nothing == TemporalAccess()
    assert not nothing.uses_tls
    assert TemporalAccess("key").uses_tls
    assert TemporalAccess(client_certificate="c").uses_tls
    assert not TemporalAccess("key", tls=False).uses_tls


def test_a_certificate_that_cannot_be_read(tmp_path: Path) -> None:
    access = TemporalAccess(server_ca=str(tmp_path / "ca.pem"))
    with pytest.raises(ConfigError, match=r"ca\.pem: cannot be read"):
        opened(access).list()


def test_another_kind_of_target() -> None:
    target = Target("local", "local", TargetSettings("local"), {})
    with pytest.raises(ConfigError, match="is no namespace of Temporal"):
        open_temporal(target, Opening(Path(), "us"))


def test_the_client_is_imported_when_it_is_used() -> None:
    code = (
        "import sys\n"
        "from reconciler.providers import open_provider\n"
        "import reconciler.providers.temporal.provider\n"
        "sys.exit(any(name.startswith('temporalio') for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(), timeout=60)
