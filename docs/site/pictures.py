"""Writes docs/pictures/: `make pictures`. A plan and a page, as Chromium shows them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "pictures"
RECONCILER = [sys.executable, "-m", "reconciler"]


def reconciler(folder: Path, *args: str) -> str:
    """A command, and what it prints."""
    done = subprocess.run(
        [*RECONCILER, *args], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def picture(name: str, address: str, height: int) -> None:
    """What is at an address, 1200 pixels wide."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless=new", "--disable-gpu", "--no-sandbox", "--hide-scrollbars"]
        options += [f"--user-data-dir={profile}", f"--window-size=1200,{height}"]
        subprocess.run(
            [found, *options, f"--screenshot={FOLDER / name}", address],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip


def change(folder: Path) -> None:
    """Another hour for one schedule, and one less."""
    path = folder / "schedules/weekday-report.yml"
    before = path.read_text("utf-8")
    after = before.replace('"30 7 * * 1-5"', '"0 9 * * 1-5"')
    assert before != after
    path.write_text(after, "utf-8")
    (folder / "schedules/monthly.yml").unlink()


def page_of(folder: Path, schedule: str) -> None:
    """The page of a schedule with runs, as `serve` shows it."""
    with subprocess.Popen(
        [*RECONCILER, "serve", "--port", "0"], cwd=folder, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            link = next(line for line in process.stdout if " link url=" in line)
            for _ in range(3):
                reconciler(folder, "trigger", schedule)
                next(line for line in process.stdout if " run_ended " in line)
            address = link.split('url="')[1].split('"')[0]
            picture("page.png", f"{address}&next=/schedules/{schedule}", 1000)
        finally:
            process.terminate()


def main() -> None:
    """Both pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reconciler(folder, "init", "--ci", "none", "--owner", "vision-team", ".")
        reconciler(folder, "apply", "--yes")
        change(folder)
        (folder / "plan.html").write_text(reconciler(folder, "plan", "--format", "html"), "utf-8")
        picture("plan.png", (folder / "plan.html").as_uri(), 1000)
        page_of(folder, "weekday-report")


if __name__ == "__main__":
    main()
