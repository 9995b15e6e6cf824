"""What a terminal would obey is shown as text: of logs, and of one's own arguments."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli import main_group
from reconciler.cli.running.follow_logs import harmless
from reconciler.system.file_access import plain_file


def test_a_log_is_text() -> None:
    text = "a\tb \x1b[31mred\r\n::error::x\n##vso[task]\n"
    shown = harmless(text)
    assert shown.split("\n")[0] == "a\tb \\u001b[31mred"
    assert "\x1b" not in shown
    assert "\n::" not in shown
    assert "##" not in shown


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    link = tmp_path / "step.log"
    link.symlink_to(secret)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (link, pipe):
        with pytest.raises(OSError, match=r"symbolic link|levels|no file"):
            open(path, "rb", opener=plain_file).close()


@pytest.mark.parametrize(
    "arguments", [["pl\x1b[31man"], ["plan", "--x\x1b[31m"], ["plan", "--format", "\x1b[2J"]]
)
def test_usage_errors_show_arguments_as_text(arguments: list[str]) -> None:
    result = CliRunner().invoke(main_group, arguments)
    assert result.exit_code == 2
    assert "\x1b" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [["run", "--once", "--source", "https://[::1/x"], ["run", "--once", "--source", "a" * 5000]],
)
def test_sources_that_cannot_be(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main_group, arguments)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
