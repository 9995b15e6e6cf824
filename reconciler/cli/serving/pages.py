"""The pages of targets, for `ui` and for the port of `run`: their options, and who gets in."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.cli.events import Log
from reconciler.cli.serving.options import (
    public_url_option,
    read_only_option,
    read_public_url,
    token_option,
)
from reconciler.cli.session import actor
from reconciler.web.serving.token_files import load_tokens
from reconciler.web.settings import Control, ControlSite
from reconciler.web.tokens import LINK_SECONDS
from reconciler.web.trusted_proxy import USER_HEADER, TrustedProxy, headers_of, read_networks

if TYPE_CHECKING:
    from starlette.types import ASGIApp

F = TypeVar("F", bound=Callable[..., Any])
FILE = "pages"
"""The tokens lie beside the state, in `pages.token` and `pages.read-only-token`."""


def pages_options(function: F) -> F:
    """--public-url, --token-file, --read-only-token-file; --trust-proxy, --user-header and
    --may-act; `read_access` makes Access of them.
    """
    for option in reversed(
        (
            token_option,
            read_only_option,
            public_url_option,
            click.option(
                "--trust-proxy",
                "proxies",
                multiple=True,
                metavar="ADDRESS",
                help="An address or network of a proxy that signs people in, and says who asks.",
            ),
            click.option(
                "--user-header",
                default=USER_HEADER,
                show_default=True,
                metavar="NAME",
                help="The header in which it says so.",
            ),
            click.option(
                "--may-act",
                "actors",
                multiple=True,
                metavar="USER",
                help="Whom of these the pages let act; * is everybody. Others may only read.",
            ),
        )
    ):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Access:
    """Who gets in to the pages."""

    token_file: Path | None = None
    read_only_file: Path | None = None
    public_url: str | None = None
    proxy: TrustedProxy | None = None


def read_access(
    token_file: Path | None,
    read_only_token_file: Path | None,
    public_url: str | None,
    proxies: tuple[str, ...],
    user_header: str,
    actors: tuple[str, ...],
) -> Access:
    """A usage error for what cannot be meant."""
    public_url = read_public_url(public_url)
    if not proxies:
        if actors:
            raise click.UsageError("--may-act is about those whom a --trust-proxy signs in")
        return Access(token_file, read_only_token_file, public_url)
    try:
        networks = read_networks(proxies)
    except ValueError as error:
        raise click.UsageError(f"--trust-proxy: {error}") from None
    proxy = TrustedProxy(networks, user_header, frozenset(actors))
    return Access(token_file, read_only_token_file, public_url, proxy)


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages, ready to be answered with. `opened` says where they are, once that is known."""

    app: ASGIApp
    opened: Callable[[str], None]


def make_pages(
    access: Access,
    control: Control,
    folder: Path,
    stack: ExitStack,
    *,
    name: str,
    hosts: frozenset[str],
    any_address: bool,
    log: Log,
) -> Pages:
    """The application; ReconcilerError where there are no tokens. `folder`: where those are kept;
    `name`: what the pages call themselves.
    """
    from reconciler.web.control.app import ControlServices, create_control_app

    tokens = load_tokens(folder / FILE, access.token_file, access.read_only_file)
    site = ControlSite(
        target=name,
        tokens=tokens,
        control=control,
        hosts=hosts,
        any_address=any_address,
        public_url=access.public_url,
        proxy=access.proxy,
        log=log,
    )
    services = ControlServices(site)
    stack.callback(services.close)
    who = actor()

    def opened(address: str) -> None:
        shown = (access.public_url or address).rstrip("/")
        if access.proxy is not None:
            log("trusts_proxy", **headers_of(access.proxy))
        code = tokens.new_link(time.time(), name=who)
        log("link", url=f"{shown}/login?code={code}", minutes=LINK_SECONDS // 60)

    return Pages(create_control_app(services), opened)
