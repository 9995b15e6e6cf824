"""From reconciler.yaml to a provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.config import Target
from reconciler.declare.desired import TargetSettings
from reconciler.errors import ConfigError
from reconciler.providers import Opening, open_provider
from reconciler.providers.azureml.provider import AzureMLProvider

OPTIONS = {"subscription_id": "s", "resource_group": "g", "workspace": "w"}


def opened(**options: Any) -> AzureMLProvider:
    target = Target("prod", "azureml", TargetSettings("prod"), OPTIONS | options)
    made = open_provider(target, Opening(Path(), "us", token="t"))
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
