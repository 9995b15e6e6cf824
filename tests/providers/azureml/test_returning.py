"""Live jobs as files: bodies of every word and shape, and code that is brought home."""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.arm import StandIn, pipeline
from helpers import TARGET, invoke, write

from providers.azureml.deploy.test_deploying import declared, repository
from providers.azureml.deploy.test_deploying import provider as deployer
from providers.azureml.opened import client, config_of
from reconciler.cli.imports.check import Checked, check
from reconciler.config import Target
from reconciler.declare.resolve import TargetSettings
from reconciler.importing import import_schedule
from reconciler.providers.azureml.jobs.automl_reading import automl_words
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.providers.azureml.returning.blobs import safe_paths, split_address
from reconciler.providers.azureml.returning.components import environment_document
from reconciler.providers.azureml.rules import words
from reconciler.providers.capabilities import Unsayable
from reconciler.reconcile import reconcile

NOW = datetime(2026, 11, 28, tzinfo=UTC)

# ------------------------------------------------------------------------- generated bodies


def bodies(seed: int, count: int, workspace: str) -> dict[str, dict[str, Any]]:
    """Schedules whose jobs are sent whole, of random parts; some with what nobody knows."""
    chosen = random.Random(seed)
    return {f"s{number:03}": pipeline(action=_action(chosen, workspace)) for number in range(count)}


def _action(chosen: random.Random, workspace: str) -> dict[str, Any]:
    inputs = {f"i{number}": _job_input(chosen, workspace) for number in range(chosen.randint(0, 3))}
    outputs = {f"o{number}": _job_output(chosen) for number in range(chosen.randint(0, 2))}
    names = [f"step{number}" for number in range(chosen.randint(1, 3))]
    job: dict[str, Any] = {
        "jobType": "Pipeline",
        "inputs": inputs,
        "outputs": outputs,
        "jobs": {name: _step(chosen, name, names, inputs, outputs, workspace) for name in names},
        "settings": chosen.choice(
            [
                None,
                {},
                {"default_compute": f"{workspace}/computes/c"},
                {"force_rerun": True},
                {
                    "continue_on_step_failure": False,
                    "default_datastore": f"{workspace}/datastores/d",
                },
            ]
        ),
        "experimentName": chosen.choice([None, "", "Default", "mine"]),
        "displayName": chosen.choice([None, "On: a name"]),
        "tags": chosen.choice([{}, {"a": "1", "b": "true"}]),
        "properties": chosen.choice([{}, {"p": "x"}]),
        "identity": chosen.choice(
            [
                None,
                {"identityType": "UserIdentity"},
                {"identityType": "AMLToken"},
                {"identityType": "Managed", "clientId": "00000000-0000-0000-0000-000000000001"},
            ]
        ),
    }
    job = _said(job)
    if chosen.random() < 0.2:
        job["novel"] = {"x": [1]}
    return {"actionType": "CreateJob", "jobDefinition": job}


def _job_input(chosen: random.Random, workspace: str) -> dict[str, Any]:
    if chosen.random() < 0.4:
        value = chosen.choice(["1", "18:30", "true", "on", "1e3", "null", "a b", "0x1"])
        return {"jobInputType": "literal", "value": value}
    return _said(
        {
            "jobInputType": chosen.choice(["uri_folder", "uri_file", "mltable", "mlflow_model"]),
            "uri": chosen.choice(
                [
                    "azureml://datastores/d/paths/x/",
                    "https://example.org/x.csv",
                    "wasbs://c@a/x",
                    f"{workspace}/data/claims/versions/3",
                ]
            ),
            "mode": chosen.choice([None, *words()["input_modes"].values()]),
        }
    )


def _said(given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}


def _job_output(chosen: random.Random) -> dict[str, Any]:
    return _said(
        {
            "jobOutputType": chosen.choice(["uri_folder", "uri_file", "mltable", "custom_model"]),
            "mode": chosen.choice([None, *words()["output_modes"].values()]),
            "uri": chosen.choice([None, "azureml://datastores/d/paths/${{name}}/x"]),
        }
    )


def _step(
    chosen: random.Random,
    name: str,
    names: list[str],
    inputs: dict[str, Any],
    outputs: dict[str, Any],
    workspace: str,
) -> dict[str, Any]:
    kind = chosen.choice(["command", "command", "parallel", "pipeline", "sweep", "spark", "novel"])
    step: dict[str, Any] = {
        "name": name,
        "type": kind,
        "computeId": chosen.choice(
            [
                f"{workspace}/computes/cpu",
                "${{parent.inputs.cluster}}",
                "/other/computes/y",
            ]
        ),
        "inputs": {key: _bound(chosen, inputs, names[: names.index(name)]) for key in ("a", "b")},
        "outputs": {key: _output(chosen, outputs) for key in ("x", "y")},
        "_source": "REMOTE.WORKSPACE.COMPONENT",
    }
    component = chosen.choice(
        [
            f"{workspace}/components/c/versions/1",
            "azureml://registries/r/components/c/versions/1",
            f"{workspace}/components/azureml_anonymous/versions/0a1b2c3d-0000-0000-0000-000000000000",
        ]
    )
    if kind == "sweep":
        step |= {
            "trial": {"componentId": component},
            "sampling_algorithm": "random",
            "objective": {"goal": "maximize", "primary_metric": "m"},
            "limits": {"max_total_trials": 3, "timeout": chosen.choice([60, 86400])},
            "search_space": {"lr": {"type": "uniform", "min_value": 0.1, "max_value": 1.0}},
            "early_termination": {
                "policy_type": chosen.choice([*words()["early_terminations"].values()]),
                "delay_evaluation": 1,
                "evaluation_interval": 2,
                "truncation_percentage": 3,
            },
        }
    else:
        step["componentId"] = component
    if kind == "command":
        step |= _settings(chosen)
    if kind == "parallel":
        step |= {"mini_batch_size": chosen.choice([1, 1048576]), "error_threshold": -1}
        step |= {"task": {"type": "run_function", "entry_script": "r.py"}}
    if kind == "spark":
        step |= {
            "entry": {"file": "m.py", "spark_job_entry_type": "SparkJobPythonEntry"},
            "conf": {"spark.driver.cores": 1},
            "identity": {"identity_type": chosen.choice([*words()["identities"].values()])},
        }
    if chosen.random() < 0.3:
        step["unheard_of" if kind != "novel" else "other"] = chosen.choice(
            [1, "x", {"a": {}}, [{"b": None}], True]
        )
    return step


def _settings(chosen: random.Random) -> dict[str, Any]:
    durations = ["PT5M", "PT1H", "P1D", "P7DT1S", "PT15M30S", "P1W"]
    every: dict[str, Any] = {
        "limits": {"job_limits_type": "Command", "timeout": chosen.choice(durations)},
        "distribution": chosen.choice(
            [
                {"distribution_type": "PyTorch", "process_count_per_instance": 2},
                {"distribution_type": "Mpi", "process_count_per_instance": 1},
                {"distribution_type": "TensorFlow", "worker_count": 1, "parameter_server_count": 0},
                {"distribution_type": "Ray", "port": 1, "includeDashboard": True},
            ]
        ),
        "services": {"j": {"job_service_type": chosen.choice([*words()["services"].values()])}},
        "queue_settings": {
            "job_tier": chosen.choice([*words()["job_tiers"].values()]),
            "priority": chosen.choice([*words()["priorities"].values()]),
        },
        "identity": {"identity_type": chosen.choice([*words()["identities"].values()])},
        "resources": {"instance_count": 2, "shm_size": "2g", "maxInstanceCount": 4},
        "environment_variables": {"A": "1", "B": "on"},
        "display_name": "A step",
    }
    return {key: every[key] for key in every if chosen.random() < 0.4}


def _bound(chosen: random.Random, inputs: dict[str, Any], names: list[str]) -> dict[str, Any]:
    where = [f"parent.inputs.{key}" for key in inputs] + ["parent.inputs.unset"]
    where += [f"parent.jobs.{name}.outputs.x" for name in names]  # of steps before
    value = chosen.choice([f"${{{{{chosen.choice(where)}}}}}", "5", "a text"])
    mode = chosen.choice([None, "Download", "ReadOnlyMount", "Direct"])
    with_mode = {"mode": mode} if mode and value.startswith("$") else {}
    return {"job_input_type": "literal", "value": value, **with_mode}


def _output(chosen: random.Random, outputs: dict[str, Any]) -> dict[str, Any]:
    if outputs and chosen.random() < 0.5:
        bound = f"${{{{parent.outputs.{chosen.choice(sorted(outputs))}}}}}"
        return {"value": bound, "type": "literal"}
    made: dict[str, Any] = {"job_output_type": chosen.choice(["uri_folder", "mltable"])}
    if chosen.random() < 0.5:
        made["mode"] = chosen.choice(["Upload", "ReadWriteMount", "Direct"])
    if chosen.random() < 0.3:
        made["uri"] = "azureml://datastores/d/paths/y"
    return made


def judged(seed: int, count: int) -> tuple[Counter[str], list[str]]:
    """How many came back whole, and why others were left as they are."""
    counts: Counter[str] = Counter()
    reasons: list[str] = []
    with StandIn(later=("novel",)) as arm:
        live = bodies(seed, count, arm.workspace_id)
        for name, body in live.items():
            arm.put_live(name, body)
        reader = AzureMLProvider(TARGET, client(arm), owner=None)
        done = []
        for one in reader.list():
            try:
                job = reader.live_job(one)
                done.append(Checked(one, import_schedule(one.schedule, job=job)))
            except Unsayable as error:
                counts["left"] += 1
                reasons.append(f"unsayable: {error}")
        target = Target(TARGET, "azureml", TargetSettings(TARGET), {})
        for checked in check(done, reader, target, NOW):
            if checked.wrong and '"unheard_of" is not known here' in checked.wrong:
                counts["unknown member"] += 1
            else:
                counts["left" if checked.wrong else "whole"] += 1
            if checked.wrong:
                body = json.dumps(live[checked.live.key.name]["action"]["jobDefinition"])
                reasons.append(f"{checked.wrong}: {body[:2000]}")
    return counts, reasons


def test_generated_jobs_come_back_whole() -> None:
    counts, reasons = judged(1, 60)
    assert counts["left"] == 0, reasons
    assert counts["whole"] > counts["unknown member"] > 0


@pytest.mark.torture
def test_many_generated_jobs_come_back_whole() -> None:
    counts, reasons = judged(2, 3000)
    assert counts["left"] == 0, (counts, reasons[:9])


def test_broken_bodies_block_no_other() -> None:
    """Whatever is in a body: it is imported whole, or it is left; and the good one comes."""
    chosen = random.Random(3)
    with StandIn(later=("novel",)) as arm:
        made = [*bodies(3, 40, arm.workspace_id).values()]
        reader = AzureMLProvider(TARGET, client(arm), owner=None)
        reader._client = _Listing(
            reader._client,
            [  # type: ignore[assignment]
                {"name": f"b{n:02}", "properties": _broken(chosen, body)}
                for n, body in enumerate(made)
            ]
            + [{"name": "good", "properties": pipeline()}],
        )
        done = []
        for one in reader.list():
            with contextlib.suppress(Unsayable):
                job = reader.live_job(one)
                done.append(Checked(one, import_schedule(one.schedule, job=job)))
        target = Target(TARGET, "azureml", TargetSettings(TARGET), {})
        kept = [c.live.key.name for c in check(done, reader, target, NOW) if c.wrong is None]
        assert "good" in kept


@pytest.mark.parametrize("tags", [["x"], [], 7, "x", {"reconciler-suspended": 7}])
def test_tags_of_another_kind_block_no_other(tags: Any) -> None:
    with StandIn() as arm:
        reader = AzureMLProvider(TARGET, client(arm), owner=None)
        odd = {"name": "odd", "properties": {**pipeline(), "tags": tags}}
        good = {"name": "good", "properties": pipeline()}
        reader._client = _Listing(reader._client, [odd, good])  # type: ignore[assignment]
        assert [(one.key.name, one.suspended) for one in reader.list()] == [
            ("odd", None),
            ("good", None),
        ]


ALIASES = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"{key}: &{key} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, key in itertools.pairwise("abcdefghij")
)


@pytest.mark.parametrize("conda", ["[" * 5000, ALIASES, "a: [", "a", 7, "a: 1\n---\na: 1\n"])
def test_conda_files_that_no_file_can_hold_stay(conda: Any) -> None:
    with pytest.raises(Unsayable, match="its conda file"):
        environment_document({"image": "x", "condaFile": conda})


def test_what_an_environment_pins_is_read_as_it_is_sent() -> None:
    given = {"image": "x", "condaFile": "name: on\ndependencies:\n- python=3.10\n- d: 2001-99-99\n"}
    found = environment_document(given)["conda_file"]
    assert found == {"name": True, "dependencies": ["python=3.10", {"d": "2001-99-99"}]}


@pytest.mark.parametrize("value", ["2001-99-99", "[" * 5000, "9" * 6000, "a: ["])
def test_values_of_a_search_that_are_no_numbers_stay(value: str) -> None:
    step = {"search_space": [{"rate": value}]}
    assert automl_words(step) == step


class _Listing:
    """A client that lists what no service would."""

    def __init__(self, real: Any, resources: list[dict[str, Any]]) -> None:
        self._real = real
        self._resources = resources

    def list(self) -> list[dict[str, Any]]:
        return self._resources

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _broken(chosen: random.Random, body: dict[str, Any]) -> dict[str, Any]:
    """One member somewhere is of another kind."""
    body = copy.deepcopy(body)
    place: Any = body
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = chosen.choice(keys)
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or chosen.random() < 0.25:
            place[key] = chosen.choice([None, 7, "x", [], [1], {}, {"x": 1}, True, [{"a": None}]])
            return body
        place = inner


# ------------------------------------------------------------------------------ code comes home


def imported(arm: StandIn, folder: Path, *options: str) -> str:
    write(folder, {"reconciler.yaml": config_of(arm)})
    (folder / "schedules").mkdir(exist_ok=True)
    token = {"AZURE_ACCESS_TOKEN": arm.settings.token}
    done = invoke(folder, "import", "--code", *options, env=token)
    return done.text


def deployed(arm: StandIn, folder: Path) -> None:
    made = reconcile(declared(repository(folder, "a", "b")), deployer(arm), owner="us")
    assert [result.error for result in made] == [None, None]
    arm.forget()


BUILT = """\
type: pipeline
settings: {default_compute: "azureml:cpu"}
jobs: {train: {command: python train.py, environment: {build: {path: ./image}, os_type: linux}}}
"""


@pytest.mark.parametrize("uploads", [True, False])
def test_the_folder_of_an_environment_comes_home(tmp_path: Path, uploads: bool) -> None:
    """To a target that takes such folders; to another it stays where it is, and is said."""
    laptop = repository(tmp_path / "laptop", "a", job=BUILT)
    write(laptop, {"image/Dockerfile": "FROM python:3.11\n", "image/lib/r.txt": "numpy\n"})
    with StandIn() as arm:
        arm.assets.everything = True
        made = reconcile(declared(laptop), deployer(arm, upload_data=True), owner="us")
        assert [result.error for result in made] == [None]
        empty = tmp_path / "empty"
        text = config_of(arm) + ("    upload_data: true\n" if uploads else "")
        write(empty, {"reconciler.yaml": text, "schedules/.keep": ""})
        token = {"AZURE_ACCESS_TOKEN": arm.settings.token}
        said = invoke(empty, "import", "--code", env=token).text
        assert "prod: nothing to change, 1 unchanged" in said
        home = empty / "environments/train/image"
        assert home.exists() is uploads
        assert ("no `upload_data: true`" in said) is not uploads
        if uploads:
            assert (home / "lib/r.txt").read_text() == "numpy\n"
            assert "path: ../environments/train/image" in (
                (empty / "components/train.yml").read_text().replace('"', "")
            )


def test_code_comes_home_by_reads_alone(tmp_path: Path) -> None:
    with StandIn() as arm:
        deployed(arm, tmp_path / "laptop")
        empty = tmp_path / "empty"
        empty.mkdir()
        text = imported(arm, empty)
        assert "prod: nothing to change, 2 unchanged" in text
        files = {p.relative_to(empty).as_posix() for p in empty.rglob("*") if p.is_file()}
        assert files == {
            *("reconciler.yaml", "schedules/a.yml", "schedules/b.yml"),
            *("schedules/pipelines/a.yml", "schedules/pipelines/b.yml"),
            *("components/train.yml", "components/report.yml"),
            *("src/train/train.py", "src/train/lib/a.py"),
        }
        assert (empty / "src/train/lib/a.py").read_text() == "a = 1\n"
        component = (empty / "components/train.yml").read_text()
        assert "code: ../src/train\n" in component.replace('"', "")
        assert "image: python:3.11" in component.replace('"', "")
        written = [c for c in arm.calls if c.method not in ("GET", "HEAD")]
        assert {(c.method, c.path.rpartition("/")[2]) for c in written} == {("POST", "listSecrets")}
        assert len(written) == 1
        blobs = [c for c in arm.calls if c.route == "blob"]
        assert blobs
        assert not any("Authorization" in c.headers for c in blobs)


HOSTILE = [
    "../out.py",
    "a/../../x",
    "a//b",
    ".git/hooks/post-checkout",
    "A.py\nb",
    "con",
    "c:x",
    "dir./a",
    "x" * 300,
    "a\\b",
    "TRAIN.py",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_paths_of_blobs_are_refused(tmp_path: Path, name: str) -> None:
    """The component stays the reference that it is, nothing is written, and the plan is empty."""
    with StandIn() as arm:
        deployed(arm, tmp_path / "laptop")
        with arm.assets._lock:
            arm.assets.blobs[f"src/{name}"] = b"evil"
        empty = tmp_path / "empty"
        empty.mkdir()
        text = imported(arm, empty)
        assert "the code of train stays in the workspace" in text
        assert "prod: nothing to change, 2 unchanged" in text
        assert not (empty / "src").exists()
        assert not (tmp_path / "out.py").exists()


def test_code_over_the_limits_and_of_other_storages_stays(tmp_path: Path) -> None:
    with StandIn() as arm:
        deployed(arm, tmp_path / "laptop")
        empty = tmp_path / "empty"
        write(empty, {})
        [code] = arm.assets.names("codes")
        for uri, why in (
            ("https://evil.blob.core.windows.net/container/src", "not in the storage"),
            ("http://storage.invalid/container/src", "not encrypted"),
            (f"{arm.address}/account", "not that of a folder"),
        ):
            arm.assets.versions[code] = {**arm.assets.versions[code], "codeUri": uri}
            (tmp_path / why[:5]).mkdir()
            text = imported(arm, tmp_path / why[:5])
            assert why in text
            assert "prod: nothing to change, 2 unchanged" in text


def test_paths_that_are_one_are_refused() -> None:
    for names in (["a", "A"], ["a", "a/b"], ["a/B", "A/b"]):
        with pytest.raises(Unsayable):
            safe_paths(names)
    assert safe_paths(["a/b.py", "a/c.py", ".amlignore"]) == ["a/b.py", "a/c.py", ".amlignore"]


def test_addresses_of_storages() -> None:
    assert split_address("https://a.blob.core.windows.net/c/x/y") == (
        "https://a.blob.core.windows.net",
        "c",
        "x/y",
    )
    assert split_address("http://127.0.0.1:1/account/c/x")[1:] == ("c", "x")
