"""The methods of MLClient on `reconciler serve`: each works, code, data and all, or is refused at
once with words that say what to do instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import invoke, write
from serving import FILES, Serve, serving

from interop.judge import PYTHON, needed
from interop.sdk_v1.notebook import IN_DOCUMENT, Notebook
from interop.tables import differing, named, read_table
from interop.test_sent_jobs import FILES as SENT

TABLE = read_table(Path(__file__).parent / "methods.txt")
CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local:
    provider: local
    workspace: workspace.db
    datastores: {workspaceblobstore: {url: blob}, inbox: {url: inbox}}
"""
HERE = {
    **SENT,
    "src/words.py": (
        "import sys\ntext = open(sys.argv[1]).read().strip()\n"
        "print(' '.join([text] * int(sys.argv[2])), flush=True)\n"
        "print('counted', file=sys.stderr)\n"
    ),
    "src/data.csv": "5,6\n",
    "data/x.csv": "1,2\n",
}
"""What the client has on its own disk."""
OF = ("schedules", "jobs", "datastores", "data", "environments", "components")
"""Of these, the table has every method that a workspace has."""
NOT_OF_WORKSPACES = {
    "components.download",
    "components.prepare_for_sign",
    "data.import_data",
    "data.list_materialization_status",
    "data.share",
    "environments.share",
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Serve, Notebook]]:
    folder = tmp_path_factory.mktemp("sdk2")
    write(folder, {**FILES, "reconciler.yaml": CONFIG})
    for name in ("inbox/in", "blob"):
        (folder / name).mkdir(parents=True)
    write(folder / "home", HERE)
    invoke(folder, "apply", "--yes")
    with (
        serving(folder, "--port", "0", "--sdk-config", "sdk") as serve,
        Notebook(folder / "sdk", folder / "home", PYTHON) as sdk,
    ):
        yield folder, serve, sdk


@needed
def test_every_method(opened: tuple[Path, Serve, Notebook]) -> None:
    _, _, sdk = opened
    assert differing(sdk, TABLE) == {}


@needed
def test_the_table_is_whole(opened: tuple[Path, Serve, Notebook]) -> None:
    _, _, sdk = opened
    found = sdk.value(
        f"from reconciler_sdk import ml_client\nclient = ml_client()\n"
        f"[f'{{one}}.{{name}}' for one in {OF} for name in dir(type(getattr(client, one)))"
        " if not name.startswith('_') and callable(getattr(type(getattr(client, one)), name))]"
    )
    assert len(found) > 35
    assert set(found) - named(TABLE) - NOT_OF_WORKSPACES == set()


@needed
def test_the_document(opened: tuple[Path, Serve, Notebook]) -> None:
    folder, _, sdk = opened
    invoke(folder, "pipelines", "publish", "schedules/hello.yml")
    for cell in IN_DOCUMENT[1:]:
        sdk.said(cell.replace("azureml:train", "azureml:hello"))


@needed
def test_who_may_only_read(opened: tuple[Path, Serve, Notebook]) -> None:
    folder, _, sdk = opened
    token = (folder / "workspace.db.read-only-token").read_text("ascii").strip()
    sdk.value(f"import os\nos.environ['RECONCILER_TOKEN'] = {token!r}\nreader = ml_client(); None")
    assert "greet" in sdk.value("names(reader.schedules.list())")
    for cell in (
        "reader.schedules.begin_disable('greet')",
        "reader.schedules.trigger('greet')",
        "reader.data.create_or_update(Data(name='no', type='uri_file', path='data/x.csv'))",
        "reader.jobs.create_or_update(command(command='echo', environment='azureml:any:1'))",
        "reader.jobs.download(run, download_path='no', all=True)",
    ):
        error = sdk.error(cell)
        assert "may only read" in error or "AuthorizationFailure" in error, cell
    sdk.value("os.environ.pop('RECONCILER_TOKEN'); None")
