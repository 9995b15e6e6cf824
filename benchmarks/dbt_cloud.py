"""The part of dbt Cloud that dbt-jobs-as-code's `sync` of new jobs calls: list, create.

dbt_cloud.py LATENCY: prints its address; every call takes so many seconds. `GET /_stand-in` tells
how many of which were made; it ends with its standard input.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = 100


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.jobs: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    def serve(self, method: str, target: str, body: bytes) -> tuple[int, dict[str, Any]]:
        address = urlsplit(target)
        if address.path == "/_stand-in":
            return 200, {"counts": self.counts}
        time.sleep(self.latency)
        if not address.path.endswith("/jobs/"):
            return 404, {"status": {"code": 404, "user_message": f"not known: {address.path}"}}
        with self.lock:
            self.counts[f"{method} jobs"] += 1
            if method == "GET":
                return 200, self.page(int(parse_qs(address.query).get("offset", ["0"])[0]))
            job = {**json.loads(body), "id": len(self.jobs) + 1}
            self.jobs.append(job)
            return 201, {"data": job}

    def page(self, offset: int) -> dict[str, Any]:
        jobs = self.jobs[offset : offset + PAGE]
        pagination = {"count": len(jobs), "total_count": len(self.jobs)}
        filters = {"limit": PAGE, "offset": offset}
        return {"data": jobs, "extra": {"filters": filters, "pagination": pagination}}


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.server.serve(self.command, self.path, body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    do_GET = do_POST = _serve  # noqa: N815

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Nothing is logged."""


def main() -> None:
    server = Server(float(sys.argv[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
