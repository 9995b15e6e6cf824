"""Options that say where HTTP is answered, and to whom: those of `serve`, which others share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from reconciler.web.serving.server_process import Binding
from reconciler.web.serving.sockets import is_loopback

F = TypeVar("F", bound=Callable[..., Any])
_PACKAGES = ("starlette", "uvicorn")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")
_AZURE_NAME = re.compile(r"([\w-]{1,64})/([\w().-]{1,90})/([\w-]{1,64})")


_FILE = click.Path(dir_okay=False, path_type=Path)
host_option = click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to answer at."
)
token_option = click.option(
    "--token-file", type=_FILE, help="A file with the token that lets people in."
)
read_only_option = click.option(
    "--read-only-token-file", type=_FILE, help="A file with a token that may only read."
)
remote_option = click.option(
    "--allow-remote", is_flag=True, help="Let other machines in, over HTTP without TLS."
)
public_url_option = click.option(
    "--public-url", metavar="URL", help="The address of a proxy that stands before it."
)
hosts_option = click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A further host name to answer to.",
)


def port_option(default: int) -> Callable[[F], F]:
    """--port."""
    return click.option(
        "--port",
        default=default,
        show_default=True,
        type=click.IntRange(0, 65535),
        help="0: any that is free.",
    )


def binding_options(function: F) -> F:
    """The options; `read_binding` makes Binding of them."""
    for option in reversed(
        (
            host_option,
            port_option(8765),
            click.option("--no-http", is_flag=True, help="No pages and no API."),
            token_option,
            read_only_option,
            remote_option,
            public_url_option,
            hosts_option,
            click.option(
                "--azure-name",
                metavar="SUBSCRIPTION/GROUP/WORKSPACE",
                help="What Azure's API answers to; without it, to any.",
            ),
            click.option(
                "--sdk-config",
                type=click.Path(file_okay=False, path_type=Path),
                metavar="FOLDER",
                help="Write there what Microsoft's SDKs need to come in.",
            ),
        )
    ):
        function = option(function)
    return function


def read_binding(
    host: str,
    port: int,
    no_http: bool,
    token_file: Path | None,
    read_only_token_file: Path | None,
    allow_remote: bool,
    public_url: str | None,
    hosts: tuple[str, ...],
    azure_name: str | None,
    sdk_config: Path | None,
) -> Binding | None:
    """Where to answer; None: nowhere. A usage error for what cannot be meant."""
    if no_http:
        if sdk_config is not None:
            raise click.UsageError("--sdk-config is about HTTP, and --no-http serves none")
        return None
    check_doors(host, hosts, allow_remote=allow_remote)
    return Binding(
        host,
        port,
        token_file,
        read_only_token_file,
        read_public_url(public_url),
        hosts,
        _azure_name(azure_name),
        sdk_config,
    )


def check_doors(host: str, hosts: Sequence[str], *, allow_remote: bool) -> None:
    """A usage error where other machines would come in unasked, or by what is no name."""
    if not is_loopback(host) and not allow_remote:
        raise click.UsageError(
            f"--host {host} lets other machines in, without TLS: tokens and data can be read on the"
            " way. Put a proxy with TLS before it; --allow-remote says that you mean it"
        )
    for name in hosts:
        if _HOST.fullmatch(name) is None:
            raise click.UsageError(f"--allow-host {name}: write NAME or NAME:PORT")


def read_public_url(url: str | None) -> str | None:
    """The origin that it names; a usage error for what has a path, or is no address."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise click.UsageError(f"--public-url {url}: write https://NAME, without a path")
    return f"{parts.scheme}://{parts.netloc}"


def missing_packages() -> list[str]:
    """What is not installed of what HTTP needs."""
    return [name for name in _PACKAGES if find_spec(name) is None]


def _azure_name(text: str | None) -> tuple[str, str, str] | None:
    if text is None:
        return None
    match = _AZURE_NAME.fullmatch(text)
    if match is None:
        raise click.UsageError(f"--azure-name {text}: write SUBSCRIPTION/GROUP/WORKSPACE")
    return match[1], match[2], match[3]
