"""Files of the web, which inputs of jobs name by `https://...`: what needs HTTP here.

Whatever speaks to a store does so in its own client, which fsspec knows.
"""

from __future__ import annotations

import requests

from reconciler.masking import mask_text
from reconciler.workspace.datastores.datastore import WatchError

LARGEST_DOWNLOAD = 10 << 30
"""Bytes."""
_SECONDS = 60.0
"""Between two pieces of an answer."""


def fetch_url(url: str, place: str) -> None:
    """Bring a file of the web to `place`. WatchError, OSError."""
    left = LARGEST_DOWNLOAD
    headers = {"User-Agent": "reconciler"}
    try:
        with requests.get(url, headers=headers, timeout=_SECONDS, stream=True) as answer:
            if not answer.ok:
                raise WatchError(f"it answered {answer.status_code} {answer.reason}")
            with open(place, "wb") as file:
                for piece in answer.iter_content(1 << 20):
                    left -= len(piece)
                    if left < 0:
                        raise WatchError("it has more than 10 GiB")
                    file.write(piece)
    except requests.RequestException as error:
        raise WatchError(mask_text(str(error))[:300]) from error
