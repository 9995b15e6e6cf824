"""Azure's own client finds the same files in a folder, and computes the same hash of them."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

from interop.judge import PYTHON, needed

from reconciler.snapshots import Snapshots, client_hash

SCRIPT = """
import json, sys
from azure.ai.ml._utils._asset_utils import (
    get_content_hash, get_ignore_file, get_upload_files_from_folder
)
found = {}
for path in json.load(sys.stdin):
    ignore = get_ignore_file(path)
    files = get_upload_files_from_folder(path, ignore_file=ignore)
    found[path] = [get_content_hash(path, ignore), sorted(name for _, name in files)]
json.dump(found, sys.stdout)
"""
NAMES = ("a.py", "B.py", "b.txt", "data.csv", "Ünï.txt", "x y.json", "notes.md", "run.sh")
FOLDERS = ("", "data", "Models", "lib", "lib/deep", "lib/deep/er", "tests", "build")
PATTERNS = (
    "*.csv", "data/", "data", "/data", "lib/*", "!lib/deep", "!*.py", "**/deep", "lib/**",
    "**/*.txt", "b*", "[ab].py", "?.py", "x\\ y.json", "x y.json", "# words", "", "*.md ",
    "/lib/deep/*.py", "build", "!build/b.txt", "lib/**/B.py", "[!b].py", "*", "!*/", "M*",
)  # fmt: skip


def tree(folder: Path, chance: random.Random) -> None:
    folder.mkdir(parents=True)
    for _ in range(chance.randint(1, 14)):
        path = folder / chance.choice(FOLDERS) / chance.choice(NAMES)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(chance.choice([0, 3, 2000])) + b"\r\n")
    for name in (".amlignore", ".gitignore"):
        if chance.random() < 0.5:
            lines = chance.choices(PATTERNS, k=chance.randint(0, 5))
            (folder / name).write_text("\n".join(lines) + "\n")
    if chance.random() < 0.3 and (folder / "lib").is_dir():
        (folder / "linked").symlink_to("lib")


@needed
def test_the_hash_of_azures_client(tmp_path: Path) -> None:
    chance = random.Random(20260102)
    root = tmp_path.resolve()
    folders = [root / str(number) for number in range(400)]
    for folder in folders:
        tree(folder, chance)
    done = subprocess.run(
        [PYTHON, "-c", SCRIPT],
        input=json.dumps([str(folder) for folder in folders]),
        capture_output=True,
        check=True,
        text=True,
    )
    found = json.loads(done.stdout)
    snapshots = Snapshots(root)
    for folder in folders:
        snapshot = snapshots.take(str(folder))
        assert [client_hash(snapshot), [file.path for file in snapshot.files]] == found[str(folder)]
