"""Where the log of a step can be read, by who has the link: the SDK follows it without its token.

In Azure that is an address with a shared access signature. Here it is signed for one step of one
run, and for an hour; it says nothing of anything else.
"""

from __future__ import annotations

import hmac
import time
from hashlib import sha256
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from reconciler.web.access.host_names import origin_of
from reconciler.web.log_files import read_log, read_run_log
from reconciler.web.services import Services
from reconciler.web.tokens import Tokens
from reconciler.web.v1.call import Call

PATH = "/shared-logs"
SECONDS = 3600


def log_link(call: Call, run: str, step: str = "") -> str:
    """The link to the log of a step, or of all steps, for who was let in just now."""
    site = call.services.site
    here = origin_of(call.request.scope, site, call.request.headers.get("host", ""))
    ends = int(time.time()) + SECONDS
    query = urlencode({"step": step, "ends": ends, "sig": _sign(site.tokens, run, step, ends)})
    return f"{here}{PATH}/{quote(run, safe='')}?{query}"


async def shared_log(request: Request) -> Response:
    """The log that a link was made for; 403 for any other."""
    services: Services = request.app.state.services
    run, query = request.path_params["run"], request.query_params
    step, text = query.get("step", ""), query.get("ends", "")
    ends = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    expected = _sign(services.site.tokens, run, step, ends)
    given = query.get("sig", "")
    if not hmac.compare_digest(expected.encode(), given.encode()) or time.time() >= ends:
        return PlainTextResponse("the link is not valid, or is over\n", 403)
    text = await services.read(lambda w: read_log(w, run, step) if step else read_run_log(w, run))
    return PlainTextResponse(text)


def _sign(tokens: Tokens, run: str, step: str, ends: int) -> str:
    said = "\n".join(("reconciler log", str(ends), quote(run, safe=""), quote(step, safe="")))
    return hmac.new(tokens.full.encode(), said.encode(), sha256).hexdigest()
