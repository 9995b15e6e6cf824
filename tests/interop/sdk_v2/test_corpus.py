"""Microsoft's own examples (azureml-examples), created and run by Microsoft's own client."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from helpers import invoke, write
from serving import serving

from interop.judge import PYTHON, needed
from interop.sdk_v1.notebook import Notebook
from interop.sdk_v2.test_methods import CONFIG
from interop.test_sends import EXAMPLES as CORPUS

OUTCOMES = Path(__file__).parent / "corpus.txt"
"""Of each job file: `runs`, or why not. RECONCILER_UPDATE=1 writes it: read what changed."""
SUBSET = "basics/hello-pipeline"
SUBMIT = """\
def submitted(file):
    folder = os.path.dirname(file)
    for name in ("train", "score", "eval"):
        if "1b_e2e_registered" in folder:  # as its README says
            client.components.create_or_update(load_component(f"{folder}/{name}.yml"))
    if "4d_data_input" in folder:
        client.data.create_or_update(load_data(f"{folder}/data.yml"))
    job = load_job(file)
    name = "example-" + str(len(done))
    done.append(file)
    client.schedules.begin_create_or_update(
        JobSchedule(name=name, trigger=CronTrigger(expression="0 0 1 1 *"), create_job=job)
    ).result()
    return client.schedules.trigger(name).job_name
"""
BEGIN = """\
import os
from azure.ai.ml import load_component, load_data, load_job
from azure.ai.ml.entities import JobSchedule, CronTrigger
from reconciler_sdk import ml_client
client = ml_client(show_progress=False)
done = []
"""

here = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="azureml-examples are not beside this project"
)


@needed
@here
def test_some_examples_are_created_and_run(tmp_path: Path) -> None:
    found = _outcomes(tmp_path, SUBSET)
    assert len(found) == 14
    assert set(found.values()) == {"runs"}


@needed
@here
@pytest.mark.torture
def test_all_examples_are_created_and_run(tmp_path: Path) -> None:
    found = "".join(f"{file}  {said}\n" for file, said in _outcomes(tmp_path, "").items())
    if os.environ.get("RECONCILER_UPDATE"):
        OUTCOMES.write_text(found, "utf-8")
    assert found == OUTCOMES.read_text("utf-8")


def _outcomes(folder: Path, part: str) -> dict[str, str]:
    """What becomes of the job files whose path has `part` in it."""
    write(folder, {"reconciler.yaml": CONFIG})
    for name in ("schedules", "inbox", "blob"):
        (folder / name).mkdir()
    shutil.copytree(CORPUS, folder / "home/examples")
    files = [
        path.relative_to(folder / "home/examples").as_posix()
        for path in sorted((folder / "home/examples/cli").rglob("*.yml"))
        if "pipelineJob.schema" in path.read_text("utf-8") or path.name.startswith("pipeline")
    ]
    outcomes = {}
    with (
        serving(folder, "--port", "0", "--sdk-config", "sdk") as serve,
        Notebook(folder / "sdk", folder / "home", PYTHON) as sdk,
    ):
        sdk.value(BEGIN + SUBMIT)
        for file in (file for file in files if part in file):
            told = sdk.tell(f"submitted('examples/{file}')")
            if "error" in told:
                words = " ".join(str(told["error"]).split()).partition(" Code: ")[0]
                outcomes[file] = words.replace(f"{folder}/home/examples/", "")
                continue
            status = serve.wait("run_ended", run=told["value"])["status"]
            outcomes[file] = (
                "runs" if status == "Completed" else f"missing: {_why(folder, told['value'])}"
            )
    return outcomes


def _why(folder: Path, run: str) -> str:
    """The last line of the logs of a run that failed."""
    text = invoke(folder, "runs", "logs", run, code=None).out.strip()
    return text.splitlines()[-1] if text else "nothing was printed"
