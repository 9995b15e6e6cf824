"""From reconciler.yaml to a provider."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes.arm import StandIn

from reconciler.config import Target
from reconciler.declare.checking.json_schema import schema_findings
from reconciler.declare.resolve import TargetSettings
from reconciler.errors import ConfigError
from reconciler.providers import AzureAccess, Opening, open_provider
from reconciler.providers.azureml.endpoint import same_origin
from reconciler.providers.azureml.provider import AzureMLProvider

ALLOWED = ("https://management.stack.example", "https://stack.example:8443")
OPTIONS = {"subscription_id": "s", "resource_group": "g", "workspace": "w"}


def opened(**options: Any) -> AzureMLProvider:
    target = Target("prod", "azureml", TargetSettings("prod"), OPTIONS | options)
    made = open_provider(target, Opening(Path(), "us", azure=AzureAccess("t", ALLOWED)))
    assert isinstance(made, AzureMLProvider)
    return made


@pytest.mark.parametrize(
    ("options", "endpoint"),
    [
        ({}, "https://management.azure.com"),
        ({"cloud": "public"}, "https://management.azure.com"),
        ({"cloud": "china"}, "https://management.chinacloudapi.cn"),
        ({"cloud": "usgov"}, "https://management.usgovcloudapi.net"),
        ({"endpoint": "http://127.0.0.1:8"}, "http://127.0.0.1:8"),
        ({"endpoint": "https://localhost:8"}, "https://localhost:8"),
        ({"endpoint": "https://management.azure.com"}, "https://management.azure.com"),
        ({"endpoint": "https://MANAGEMENT.azure.com:443"}, "https://MANAGEMENT.azure.com:443"),
        ({"endpoint": "http://[0:0::0:1]:8"}, "http://[0:0::0:1]:8"),
        ({"endpoint": "http://LocalHost"}, "http://LocalHost"),
        ({"endpoint": "https://management.stack.example"}, "https://management.stack.example"),
        ({"endpoint": "https://stack.example:8443"}, "https://stack.example:8443"),
    ],
)
def test_clouds(options: dict[str, str], endpoint: str) -> None:
    assert opened(**options)._client.workspace.endpoint == endpoint


def test_rate_limits() -> None:
    rates = {"writes": {"burst": 5, "per_second": 1}}
    limits = opened(rate_limits=rates)._client._limits
    assert (limits.reads, limits.writes) == ((250, 25), (5, 1))


def test_a_token_does_not_go_over_plain_http() -> None:
    with pytest.raises(ConfigError) as caught:
        opened(endpoint="http://management.example")
    words = 'target "prod": endpoint: plain http is for this machine only'
    assert caught.value.message == words


OTHERS = [
    "elsewhere.example",
    "management.azure.com.elsewhere.example",
    "management.azure.com:8443",
    "stack.example",
    "127.0.0.1.elsewhere.example",
    "127.0.0.2",
]
NONE = [
    "management.azure.com@elsewhere.example",
    "someone@management.azure.com",
    "someone@127.0.0.1",
    # urllib3 goes to what is before a backslash, urlsplit names what is behind it.
    "elsewhere.example\\@127.0.0.1",
    "elsewhere.example:80\\@management.azure.com",
    "elsewhere.example;@127.0.0.1",
    "elsewhere.example%5c@127.0.0.1",
    "elsewhere.example%5C@127.0.0.1",
    "elsewhere.example\t@127.0.0.1",
    "elsewhere.example?@127.0.0.1",
    "elsewhere.example#@127.0.0.1",
    "management.azure.com?x=",
    "management.azure.com#",
    "management.azure.com/",
    "management.azure.com:0",
    "management.azure.com:65536",
    "management.azure.com:99999",
    "127.0.0.1:0",
    "management.azure.com:",
    "[::1",
    "[x]",
    "[::::]",
    "[1.2.3.4]",
    "[::1%eth0]",
    "[::1]x",
    "a\u2100b",
    " management.azure.com",
    "management.azure.com\n",
    "",
]


@pytest.mark.parametrize("host", [*OTHERS, *NONE])
def test_a_token_goes_only_where_the_environment_lets_it(host: str) -> None:
    """The endpoint is in the repository, where a pull request can change it."""
    with pytest.raises(ConfigError) as caught:
        opened(endpoint=f"https://{host}")
    words = "it is not Azure's, and is sent no token"
    if host in NONE:
        words = "it is no address such as https://management.azure.com"
    assert caught.value.message == f'target "prod": endpoint: {words}'
    assert host in NONE or "RECONCILER_AZURE_ENDPOINTS" in (caught.value.hint or "")


def test_the_token_does_not_follow_a_backslash() -> None:
    """Who checks the endpoint and who connects to it have to mean the same host."""
    seen: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def handle(self) -> None:
            seen.append(self.client_address[0])

    try:
        server = ThreadingHTTPServer(("127.0.0.2", 0), Listener)
    except OSError:
        pytest.skip("this machine has no 127.0.0.2")
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            with pytest.raises(ConfigError, match="it is no address such as"):
                list(opened(endpoint=f"http://127.0.0.2:{server.server_port}\\@127.0.0.1").list())
        finally:
            server.shutdown()
            thread.join()
    assert seen == []


@pytest.mark.parametrize(
    "address",
    ["https://stack.example/x", "stack.example", "https://[::::]", "https://a.example\\@b.example"],
)
def test_what_the_environment_names_has_to_be_an_address(address: str) -> None:
    target = Target("prod", "azureml", TargetSettings("prod"), OPTIONS)
    access = AzureAccess("t", ("https://stack.example", address))
    with pytest.raises(ConfigError, match="RECONCILER_AZURE_ENDPOINTS: there is something in it"):
        open_provider(target, Opening(Path(), "us", azure=access))


@pytest.mark.parametrize(
    ("endpoint", "is_right"),
    [
        ("https://management.azure.com", True),
        ("http://[::1]:8765", True),
        ("https://${{ env.HOST }}", True),
        ("https://${{env.HOST}}:${{ env.PORT }}", True),
        ("https://management.${{ env.REGION }}.example:8443", True),
        ("https://[${{ env.IP }}]", True),
        ("https://elsewhere.example\\@127.0.0.1", False),
        ("https://${{ env.HOST }}@127.0.0.1", False),
        ("https://someone@127.0.0.1", False),
        ("https://a?b", False),
        ("https://a/b", False),
    ],
)
def test_the_schema_of_an_endpoint(endpoint: str, is_right: bool) -> None:
    prod = {"provider": "azureml", **OPTIONS, "endpoint": endpoint}
    document = {"owner": "us", "schedules": ["s"], "targets": {"prod": prod}}
    found = [finding.path for finding in schema_findings(document, "config")]
    assert found == ([] if is_right else [("targets", "prod", "endpoint")])


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("https://management.azure.com/x?$skiptoken=a|b{c}", True),
        ("https://MANAGEMENT.azure.com:443?x", True),
        ("https://elsewhere.example/https://management.azure.com/", False),
        ("https://elsewhere.example\\@management.azure.com/x", False),
        ("https://someone@management.azure.com/x", False),
        ("https://management.azure.com#@elsewhere.example/", False),
        ("http://management.azure.com/x", False),
        ("/subscriptions", False),
        ("", False),
    ],
)
def test_addresses_that_the_service_gives(address: str, same: bool) -> None:
    assert same_origin(address, "https://management.azure.com") is same


def test_this_machine_is_not_reached_by_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would see the token, and may be anywhere."""
    with StandIn(token="t") as proxy, StandIn(token="t") as arm:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        known = arm.settings
        provider = opened(
            endpoint=arm.address,
            subscription_id=known.subscription,
            resource_group=known.group,
            workspace=known.workspace,
        )
        assert list(provider.list()) == []
        assert (sum(proxy.counts.values()), sum(arm.counts.values())) == (0, 1)


def test_what_the_environment_says() -> None:
    environment = {
        "AZURE_ACCESS_TOKEN": "secret",
        "RECONCILER_AZURE_ENDPOINTS": " https://a.example  https://b.example\n",
    }
    access = AzureAccess.of(environment)
    assert access == AzureAccess("secret", ("https://a.example", "https://b.example"))
    assert "secret" not in repr(access)
    assert AzureAccess.of({}) == AzureAccess()
