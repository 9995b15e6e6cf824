"""The answers to a schedule: accept or revert how it differs, hold, release, suspend, resume.

Each is the command of that name. The pages of targets have them, and those of a workspace.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal, get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from reconciler.render.plain_text import printable
from reconciler.state.records import ResultRecord
from reconciler.web.access.authentication import require, who
from reconciler.web.control.acts import Noted
from reconciler.web.control.common import control_of, kept, now_of
from reconciler.web.control.moments import read_moment
from reconciler.web.pages.common import form_of

Answer = Literal["accept", "revert", "hold", "release", "suspend", "resume"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)
_EDITS = ("accept", "hold", "release")
"""Those that write into a declaration."""
_COMMANDS = {
    "accept": ("drift", "accept"),
    "revert": ("drift", "revert", "--yes"),
    "hold": ("hold",),
    "release": ("hold", "--release"),
    "suspend": ("suspend",),
    "resume": ("resume",),
}
_PATIENCE = 4.0
_LONGEST = 200


async def answer(request: Request, act: Answer, target: str, name: str, back: str) -> Response:
    """Begin it, and go `back` to the page that shows how it goes. 400 for a form that is wrong,
    409 where these pages cannot do it.
    """
    require(request, "write")
    control = control_of(request)
    if act in _EDITS and not control.may_edit:
        raise HTTPException(409, "these pages have no working copy of the declarations")
    arguments = [*_COMMANDS[act], "--target", target, *config_arguments(request)]
    if act not in _EDITS and control.state_option:
        arguments += ["--state", control.state_option]
    until = reason = ""
    if act in ("hold", "suspend"):
        until, _, reason = await asked_stop(request)
        arguments += ["--until", until] + (["--reason", reason] if reason else [])
        arguments += ["--by", who(request)] if act == "hold" else []
    noted = _noted(act, target, name, until + (f": {reason}" if reason else ""))
    words = f"{act} {name}"
    return await begin(request, words, [*arguments, "--", name], target, name, back, noted)


def config_arguments(request: Request) -> list[str]:
    """`--config` of a command; 409 where none can be called."""
    config = control_of(request).config
    if config is None:
        raise HTTPException(409, "these pages have no working copy to act by")
    return ["--config", str(config)]


async def begin(
    request: Request,
    words: str,
    arguments: list[str],
    target: str,
    name: str | None,
    back: str,
    noted: Noted | None = None,
) -> Response:
    """Begin a command, wait a moment for it, and go back."""
    acts = kept(request).acts
    act, future = acts.command(
        words, arguments, target=target, name=name, by=who(request), noted=noted
    )
    await asyncio.wait([asyncio.wrap_future(future)], timeout=_PATIENCE)
    return RedirectResponse(f"{back}?act={act.id}", 303)


async def asked_stop(request: Request) -> tuple[str, datetime, str]:
    """`until` as it was written, its moment, and the reason, on one line; 400 where the first is no
    moment to come.
    """
    fields = await form_of(request)
    until = fields.get("until", "").strip()
    moment = read_moment(until, now_of(request))
    if moment is None:
        raise HTTPException(400, "until: write a span such as 4h or 2d, or a date that is to come")
    return until, moment, printable(" ".join(fields.get("reason", "").split()))[:_LONGEST]


def _noted(act: Answer, target: str, name: str, until: str) -> Noted | None:
    """How it stands in the history, where its command writes nothing there."""
    match act:
        case "accept":
            words, reason, done = "what is live was declared", "Accepted", "accepted"
        case "hold":
            words, reason, done = f"held until {until}", "Held", "held"
        case "release":
            words, reason, done = "not held any more", "Released", "released"
        case _:
            return None
    return Noted("waiting", reason, f"{target}/{name}: {words}", ResultRecord(name, act, done))
