"""How far uploads are, on standard error: a line that grows where a person looks, else one at the
end of each folder.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from reconciler.cli.output import is_terminal, say
from reconciler.render.plain_text import printable

_SECONDS = 0.1
"""Between two looks at the same folder."""
_MEGA = 1 << 20


class UploadProgress:
    """Hears of uploads, of several folders at once. Used by many threads."""

    def __init__(
        self, *, live: bool | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`live`: a person looks on; None: if standard error is a terminal."""
        self._live = is_terminal(sys.stderr) if live is None else live
        self._clock = clock
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, path: str, done: int, size: int) -> None:
        """So many bytes of the folder at `path` are there."""
        with self._lock:
            now = self._clock()
            if done < size:
                if self._live and now - self._said.get(path, -1.0) >= _SECONDS:
                    self._said[path] = now
                    self._rewrite(f"uploading {printable(path)}: {_of(done, size)}")
            elif self._said.get(path) != float("inf"):
                self._said[path] = float("inf")  # a last block may be told of twice
                end = f"uploaded {printable(path)}: {_of(size, size)}"
                if self._live:
                    self._rewrite(f"{end}\n")
                else:
                    say(end)

    def _rewrite(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _of(done: int, size: int) -> str:
    whole = f"{size / _MEGA:,.1f} MB" if size >= _MEGA else f"{max(size / 1024, 0.1):,.1f} kB"
    return whole if done == size else f"{100 * done // size}% of {whole}"
