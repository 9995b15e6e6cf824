"""`additional_includes`: the code that Azure's own client puts together of the same folders."""

from __future__ import annotations

import json
import random
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

from interop.judge import PYTHON, needed

from reconciler.model import Archive, Snapshot
from reconciler.snapshots import (
    IncludeError,
    Snapshots,
    content_of,
    place_of,
)
from snapshots.test_client_hash import tree

SCRIPT = """
import io, json, os, sys, zipfile
from pathlib import Path
from azure.ai.ml._utils._asset_utils import get_upload_files_from_folder
from azure.ai.ml.entities._component._additional_includes import AdditionalIncludes
from azure.ai.ml.entities._component.code import ComponentIgnoreFile
found = []
for base, code, includes in json.load(sys.stdin):
    made = AdditionalIncludes(origin_code_value=code, base_path=Path(base), configs=includes)
    if made.validate().error_messages:
        found.append(None)
        continue
    with made.merge_local_code_and_additional_includes() as folder:
        files = {}
        for path, name in get_upload_files_from_folder(
            folder, ignore_file=ComponentIgnoreFile(folder)
        ):
            data = Path(path).read_bytes()
            if name.endswith(".zip"):
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    files[name] = list(dict.fromkeys(archive.namelist()))
            else:
                files[name] = data.hex()
        found.append(files)
json.dump(found, sys.stdout)
"""
INCLUDES = ("../one", "../two/lib", "../two", "../one/a.py", "../two.zip", "../code/lib", "../gone")


def data_of(snapshot: Snapshot, number: int) -> bytes:
    return b"".join(content_of(place_of(snapshot, snapshot.files[number])))


def ours(root: Path, base: str, code: str | None, includes: list[str]) -> dict[str, object] | None:
    path = None if code is None else f"{base}/{code}"
    try:
        taken = Snapshots(root).take_with(path, includes, base)
    except IncludeError:
        return None
    found: dict[str, object] = {}
    for number, file in enumerate(taken.files):
        data = data_of(taken, number)
        if isinstance(place_of(taken, file), Archive):
            with zipfile.ZipFile(BytesIO(data)) as archive:
                names = archive.namelist()
            # The client takes what a link leads to a second time, under the name that it has there.
            found[file.path] = [name for name in names if not name.startswith("two/linked/")]
        else:
            found[file.path] = data.hex()
    return found


@needed
def test_what_azures_client_puts_together(tmp_path: Path) -> None:
    chance = random.Random(20260103)
    root = tmp_path.resolve()
    cases: list[tuple[str, str | None, list[str]]] = []
    for number in range(80):
        for name in ("code", "one", "two"):
            tree(root / str(number) / name, chance)
        (root / str(number) / "parts").mkdir()
        code = chance.choice([None, "../code", "../code"])
        base = str(root / str(number) / "parts")
        cases.append((base, code, chance.sample(INCLUDES, chance.randint(1, 3))))
    done = subprocess.run(
        [PYTHON, "-c", SCRIPT], input=json.dumps(cases), capture_output=True, check=True, text=True
    )
    theirs = json.loads(done.stdout)
    refused = 0
    for case, expected in zip(cases, theirs, strict=True):
        refused += expected is None
        found = ours(root, *case)
        if expected is not None:
            # As text counts everywhere: with LF.
            expected = {k: _lf(v) for k, v in expected.items()}
        assert found == expected, case
    assert 5 < refused < 70


def _lf(value: object) -> object:
    if not isinstance(value, str):
        return value
    data = bytes.fromhex(value)
    try:
        data.decode()
    except UnicodeDecodeError:
        return value
    return value if b"\0" in data else data.replace(b"\r\n", b"\n").hex()
