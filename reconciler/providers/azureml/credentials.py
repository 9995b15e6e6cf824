"""Where a token for Azure Resource Manager comes from.

A token from the environment is used as it is. Otherwise azure-identity finds one as Azure's own
tools do: environment, workload identity, managed identity, `az login` ... No token is ever printed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from reconciler.errors import ConfigError

TokenSource = Callable[[bool], str]
"""Called with True when the last token was refused; gives one that may be used now."""

_MARGIN_SECONDS = 300


def fixed_token(token: str) -> TokenSource:
    """One token, for as long as it lasts; ConfigError where it cannot be one."""
    text = token.strip()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ConfigError("AZURE_ACCESS_TOKEN is not a token")
    return lambda refused: text


class IdentityToken:
    """Tokens of azure-identity's DefaultAzureCredential, renewed before they expire."""

    def __init__(self, scope: str, authority: str | None = None) -> None:
        self._scope = scope
        self._authority = authority
        self._credential: Any = None
        self._token: Any = None
        self._lock = threading.Lock()

    def __call__(self, refused: bool) -> str:
        """The token; ConfigError where azure-identity is missing or finds none."""
        with self._lock:
            due = self._token is None or self._token.expires_on < time.time() + _MARGIN_SECONDS
            if due or refused:
                self._token = self._get()
            token: str = self._token.token
            return token

    def _get(self) -> Any:
        try:
            from azure.core.exceptions import ClientAuthenticationError
            from azure.identity import CredentialUnavailableError, DefaultAzureCredential
        except ImportError as error:
            raise ConfigError(
                "azure-identity is needed to sign in to Azure",
                hint="pip install 'schedule-reconciler[azure]', or set AZURE_ACCESS_TOKEN",
            ) from error
        if self._credential is None:
            options = {"authority": self._authority} if self._authority else {}
            self._credential = DefaultAzureCredential(**options)
        try:
            return self._credential.get_token(self._scope)
        except (ClientAuthenticationError, CredentialUnavailableError) as error:
            raise ConfigError(
                "no way to sign in to Azure was found",
                hint="`az login`, or the environment variables of a service principal",
            ) from error
