"""How far uploads are, as people and logs see it."""

from __future__ import annotations

import pytest

from reconciler.cli.output import UploadProgress


def test_a_log_has_one_line_for_each_folder(capsys: pytest.CaptureFixture[str]) -> None:
    heard = UploadProgress(live=False)
    for done in (10, 1000, 3 << 20, 3 << 20):
        heard("src", done, 3 << 20)
    heard("other", 5, 5)
    assert capsys.readouterr().err == "uploaded src: 3.0 MB\nuploaded other: 0.1 kB\n"


def test_a_person_sees_a_line_that_grows(capsys: pytest.CaptureFixture[str]) -> None:
    now = iter((0.0, 0.01, 0.2, 0.3))
    heard = UploadProgress(live=True, clock=lambda: next(now))
    for done in (1 << 20, 2 << 20, 3 << 20, 4 << 20):
        heard("src", done, 4 << 20)
    assert capsys.readouterr().err.split("\r\x1b[K") == [
        "",
        "uploading src: 25% of 4.0 MB",
        "uploading src: 75% of 4.0 MB",
        "uploaded src: 4.0 MB\n",
    ]
