"""A pull request with 19 updates, of which 14 are one pipeline's and two undo what is live, as a
person reads it on each forge. RECONCILER_UPDATE=1 writes the files in `comments`; read them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from helpers import CONFIG, JOB, declaration, invoke, write

from forge.jobs import command, job, saved

HERE = Path(__file__).parent / "comments"
SHA = "c0ffee" + "0" * 34
JOBS = {
    "github": {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/schedules",
        "GITHUB_SHA": SHA,
        "GITHUB_RUN_ID": "77",
    },
    "gitlab": {
        "CI_PROJECT_URL": "https://gitlab.com/acme/schedules",
        "CI_COMMIT_SHA": SHA,
        "CI_JOB_URL": "https://gitlab.com/acme/schedules/-/jobs/5",
    },
    "azuredevops": {
        "TF_BUILD": "True",
        "BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/ml/_git/schedules",
        "SYSTEM_PULLREQUEST_SOURCECOMMITID": SHA,
        "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
        "SYSTEM_TEAMPROJECT": "ml",
        "BUILD_BUILDID": "9",
    },
}
REPORT = """\
type: pipeline
inputs: {region: eu}
jobs:
  read:
    command: python read.py ${{inputs.region}}
    code: ./report
    inputs: {region: "${{parent.inputs.region}}"}
  write:
    command: %s
"""


def schedules(folder: Path, hour: int) -> None:
    """17 declarations: 14 run the report, three run a command at `hour`."""
    files = {f"schedules/tune-{n}.yaml": declaration(f"tune-{n}", hour=hour) for n in range(3)}
    for n in range(14):
        files[f"schedules/report-{n:02}.yaml"] = (
            f'name: report-{n:02}\ntrigger: {{type: cron, expression: "{n} 3 * * *"}}\n'
            "create_job: ./report.yml\n"
        )
    write(folder, files)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reviewed")
    write(
        folder,
        {
            "reconciler.yaml": CONFIG + "limits: {disable: {count: 10}}\n",
            "schedules/job.yml": JOB,
            "schedules/report.yml": REPORT % "echo done",
            "schedules/report/read.py": "import sys\n\nprint('rows of', sys.argv[1])\n",
            **{f"schedules/{n}.yaml": declaration(n) for n in ("off-a", "off-b", "gone", "stays")},
        },
    )
    schedules(folder, 2)
    invoke(folder, "apply", "--yes")
    for name in ("off-a", "off-b"):
        invoke(folder, "schedules", "disable", name, env={"RECONCILER_ACTOR": "ana"})
    (folder / "schedules/gone.yaml").unlink()
    schedules(folder, 4)
    write(
        folder,
        {
            "schedules/report.yml": REPORT % "echo done; ./publish.sh",
            "schedules/report/read.py": (
                "import sys\n\nregion = sys.argv[1]\nprint('rows of', region)\n"
            ),
            "schedules/new.yaml": declaration("new"),
        },
    )
    saved(folder)
    return folder


@pytest.mark.parametrize("forge", JOBS)
def test_what_a_reviewer_reads(repo: Path, forge: str) -> None:
    text = command(repo, "comment", job(**JOBS[forge]), "--dry-run").out
    assert "1 to create, 19 to update, 1 to disable" in text
    assert "<b>undoes 2 live changes</b>" in text
    assert "<code>report.yml</code> changed: 14 schedules" in text
    assert text.index("Changed live, and undone by this: 2") < text.index("Pipelines that changed")
    assert "- print('rows of', sys.argv[1])\n" in text
    assert "+ print('rows of', region)\n" in text
    shown = re.sub(r"<!--.*-->", "<!-- mark -->", text)
    shown = re.sub(r"[A-Z][a-z]{2} \d+ [A-Z][a-z]{2} (\d\d:\d\d)", r"<day> \1", shown)
    shown = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "<moment>", shown)
    shown = re.sub(r"Runs a day.*", "Runs a day: <load>", shown)
    path = HERE / f"{forge}.md"
    if os.environ.get("RECONCILER_UPDATE"):
        path.write_text(shown)
    assert shown == path.read_text()
