"""What an embedded workspace cannot be asked for through v1, and what to do instead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import bad

Answer = Callable[[Call], Awaitable[Response]]
_PUBLISH = "publish a job file: `reconciler pipelines publish FILE`, or name it in a schedule"
_WORDS = {
    "pipelines": "An embedded workspace does not build pipelines from what the SDK sends;"
    f" {_PUBLISH}",
    "pipelineendpoints": "Every published pipeline is an endpoint of its name already, and follows"
    f" what is published under it; {_PUBLISH}",
    "pipelinedrafts": f"An embedded workspace has no drafts; {_PUBLISH}",
    "graphs": "A pipeline of an embedded workspace is a job file, and has no graph of modules:"
    " `reconciler pipelines show NAME` prints it, and its page draws it",
    "outputs": "The outputs of a run are files in its folder: `reconciler runs show RUN`"
    " says where",
    "datasets": "An embedded workspace has no datasets: pass a DataPath of a datastore",
    "metrics": "An embedded workspace has no metrics: write figures to an output, or a log",
    "runs": "A run of an embedded workspace is what was recorded of it, and cannot be changed",
    "experiments": "An experiment of an embedded workspace is the name that its runs share: it has"
    " no tags, and cannot be archived or deleted",
    "endpoints": "An endpoint of an embedded workspace is a published pipeline, with its name and"
    " its newest version as the default",
}


def refuse(what: str) -> Answer:
    """What answers a call about such a thing: a 400 in the SDK's error shape."""

    async def answer(call: Call) -> Response:
        raise bad(_WORDS[what])

    return answer
