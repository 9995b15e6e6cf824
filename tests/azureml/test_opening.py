"""From reconciler.yaml to a provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.config import Target
from reconciler.declare.desired import TargetSettings
from reconciler.errors import ConfigError
from reconciler.providers import AzureAccess, Opening, open_provider
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


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "management.azure.com.elsewhere.example",
        "management.azure.com:8443",
        "management.azure.com@elsewhere.example",
        "stack.example",
        "management.azure.com:99999",
        "someone@management.azure.com",
        "127.0.0.1.elsewhere.example",
    ],
)
def test_a_token_goes_only_where_the_environment_lets_it(host: str) -> None:
    """The endpoint is in the repository, where a pull request can change it."""
    with pytest.raises(ConfigError) as caught:
        opened(endpoint=f"https://{host}")
    assert caught.value.message == (
        f'target "prod": endpoint: {host} is not Azure\'s, and is sent no token'
    )
    assert "RECONCILER_AZURE_ENDPOINTS" in (caught.value.hint or "")


def test_what_the_environment_says() -> None:
    environment = {
        "AZURE_ACCESS_TOKEN": "secret",
        "RECONCILER_AZURE_ENDPOINTS": " https://a.example  https://b.example\n",
    }
    access = AzureAccess.of(environment)
    assert access == AzureAccess("secret", ("https://a.example", "https://b.example"))
    assert "secret" not in repr(access)
    assert AzureAccess.of({}) == AzureAccess()
