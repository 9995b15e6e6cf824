"""What the loop fetches and checks out of a repository: little of it, and only when it changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from helpers import CONFIG, JOB, declaration, environment

from reconciler.errors import SourceError
from reconciler.loop import git as git_program
from reconciler.loop.checkout import GitSource
from reconciler.loop.checkouts import clone as clones
from reconciler.loop.checkouts.references import is_below, paths_up
from reconciler.loop.git import Git

from .looping import Looped, commit, git, on_git, upstream

BIG = 3_000_000


@pytest.fixture
def mono(tmp_path: Path) -> Path:
    """Schedules below `ml`, which refer to `shared`, beside much else. Nothing is set in it."""
    made = upstream(tmp_path / "mono")
    (made / "web").mkdir()
    (made / "web/asset.bin").write_bytes(os.urandom(BIG))
    commit(
        made,
        {
            "ml/reconciler.yaml": CONFIG,
            "ml/schedules/a.yaml": declaration("a").replace("./job", "../../shared/jobs/job"),
            "shared/jobs/job.yml": JOB.replace("command: ", "code: ../src\ncommand: "),
            "shared/src/train.py": "print('hello')\n",
        },
    )
    return made


def followed(mono: Path, tmp_path: Path, **options: object) -> Looped:
    return on_git(mono, tmp_path / "here", **({"path": "ml"} | options))


def folder(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "here/.reconciler/sources").iterdir()
    return found


def trees(tmp_path: Path) -> list[Path]:
    return sorted((folder(tmp_path) / "trees").iterdir())


def size(path: Path) -> int:
    return sum(one.lstat().st_size for one in path.rglob("*") if one.is_file())


def test_only_what_is_referred_to_is_fetched_and_written(mono: Path, tmp_path: Path) -> None:
    record = followed(mono, tmp_path).cycle()
    assert record.outcome == "applied", record.message
    (tree,) = trees(tmp_path)
    found = {str(p.relative_to(tree / "tree")) for p in (tree / "tree").rglob("*") if p.is_file()}
    assert found - {".git/absent", ".git/outside"} == {
        "ml/reconciler.yaml",
        "ml/schedules/a.yaml",
        "shared/jobs/job.yml",
        "shared/src/train.py",
        *(found & {"ml/schedules/job.yml"}),
    }
    assert size(folder(tmp_path)) < 200_000


def test_a_commit_that_leaves_it_as_it_is_is_no_new_revision(mono: Path, tmp_path: Path) -> None:
    made = followed(mono, tmp_path)
    first = made.cycle().revision
    for number in range(3):
        commit(mono, {"web/readme": str(number)})
        record = made.cycle()
        assert (record.outcome, record.revision) == ("in_sync", first)
    assert len(trees(tmp_path)) == 1
    made.loop.close()
    again = on_git(mono, tmp_path / "here", made, path="ml")  # on the same disk
    assert again.cycle().revision == first
    assert len(trees(tmp_path)) == 1
    changed = commit(mono, {"shared/src/train.py": "print('again')\n"})
    record = again.cycle()
    assert (record.outcome, record.revision) == ("applied", changed)
    assert len(trees(tmp_path)) == 2


def test_what_was_missing_and_comes_is_seen(mono: Path, tmp_path: Path) -> None:
    made = followed(mono, tmp_path)
    made.cycle()
    text = declaration("b").replace("./job", "../../late/job")
    commit(mono, {"ml/schedules/b.yaml": text})
    assert made.cycle().outcome == "broken"
    late = commit(mono, {"late/job.yml": JOB})  # nothing below ml changes
    made.clock.go(minutes=20)
    record = made.cycle()
    assert (record.outcome, record.revision) == ("applied", late)
    assert made.live() == {"a": True, "b": True}


def test_links_are_followed_within_the_repository(mono: Path, tmp_path: Path) -> None:
    (mono / "ml/team").symlink_to("../real/team")
    (mono / "real").mkdir()
    text = declaration("c").replace("./job", "../../shared/jobs/job")
    config = CONFIG.replace("[schedules]", "[schedules, ../real/team]")
    commit(mono, {"real/team/c.yaml": text, "ml/reconciler.yaml": config})
    made = followed(mono, tmp_path)
    record = made.cycle()
    assert record.outcome == "applied", record.message
    assert made.live() == {"a": True, "c": True}


def test_a_server_that_leaves_no_blobs_out(
    mono: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = "git -c uploadpack.allowFilter=false upload-pack"
    monkeypatch.setattr(git_program, "_HANDS_OUT", refuses)
    made = followed(mono, tmp_path)
    assert made.cycle().outcome == "applied"
    assert size(folder(tmp_path) / "repository.git") > BIG
    commit(mono, {"ml/schedules/a.yaml": None, "ml/schedules/b.yaml": declaration("b"),
                  "ml/schedules/job.yml": JOB})  # fmt: skip
    assert made.cycle().outcome == "applied"
    assert made.live() == {"a": False, "b": True}
    assert size(trees(tmp_path)[0]) < 100_000


def test_schedules_that_could_not_be_seen_do_not_look_removed(mono: Path, tmp_path: Path) -> None:
    made = followed(mono, tmp_path)
    made.cycle()
    config = CONFIG.replace("[schedules]", r'["schedules/b.yaml", ".\x2e/team/*.yaml"]')
    commit(
        mono,
        {
            "ml/reconciler.yaml": config,
            "ml/schedules/b.yaml": declaration("b").replace("./job", "../../shared/jobs/job"),
            "team/a.yaml": declaration("a").replace("./job", "../shared/jobs/job"),
        },
    )
    record = made.cycle()
    assert (record.outcome, made.live()) == ("broken", {"a": True})
    assert "team:1: it is left out of the checkout of the loop" in record.message


def test_it_starts_again_without_git(mono: Path, tmp_path: Path) -> None:
    """The last good revision needs nobody: neither the server nor the clone nor the program."""
    made = followed(mono, tmp_path)
    first = made.cycle().revision
    shutil.rmtree(folder(tmp_path) / "repository.git")
    source = GitSource(
        mono.as_uri(),
        tmp_path / "here/.reconciler",
        environment={"PATH": "/nowhere"},
        base=tmp_path,
        ref="main",
        path="ml",
    )
    found = source.recall(first)
    assert found is not None
    assert (found.commit, found.author) == (first, "Ana <ana@example.com>")
    assert found.config_path.is_file()
    with pytest.raises(SourceError):
        source.fetch()


def test_more_paths_than_a_command_holds(tmp_path: Path) -> None:
    made = upstream(tmp_path / "r", "a", "b")
    commit(made, {"jobs/one.yml": JOB, "jobs/two.yml": JOB})
    clone = clones.Clone(Git(made / ".git", made.as_uri(), environment=environment()))
    many = [f"jobs/{'x' * 200}{number}.yml" for number in range(15_000)]
    paths = ["jobs/one.yml", *many, "jobs", "schedules/a.yaml"]
    found = [one.path for one in clone.entries("HEAD", paths, below=True)]
    assert sorted(found) == ["jobs/one.yml", "jobs/two.yml", "schedules/a.yaml"]


def damage(clone: Path, how: str) -> None:
    if how == "head":
        (clone / "HEAD").write_text("nothing\n")
    elif how == "config":
        (clone / "config").write_text("[")
    elif how == "lock":
        (clone / "shallow.lock").touch()
    else:
        files = [p for p in (clone / "objects").rglob("*") if p.is_file()]
        assert files
        for path in files:
            path.chmod(0o644)
            if how == "gone":
                path.unlink()
            else:
                path.write_bytes(path.read_bytes()[:7])


@pytest.mark.parametrize("how", ["head", "config", "lock", "gone", "cut"])
def test_a_damaged_clone_is_made_anew(mono: Path, tmp_path: Path, how: str) -> None:
    made = followed(mono, tmp_path)
    made.cycle()
    damage(folder(tmp_path) / "repository.git", how)
    changed = commit(mono, {"shared/src/train.py": "print('again')\n"})
    record = made.cycle()
    assert (record.outcome, record.revision) == ("applied", changed), record.message


@pytest.mark.parametrize(
    "said",
    [
        "fatal: could not read Username for 'https://example.org': terminal prompts disabled",
        "fatal: unable to access 'https://example.org/shallow.git/': Could not resolve host",
        "fatal: early EOF; fatal: fetch-pack: invalid index-pack output",
        "remote: packages are read by members alone",
    ],
)
def test_a_server_that_does_not_answer_is_no_damage(tmp_path: Path, said: str) -> None:
    clone = clones.Clone(Git(tmp_path, "https://example.org/shallow.git", environment={}))
    assert not clone.is_damaged(SourceError(f"{clone.git.shown}: git fetch: {said}"))
    damaged = "error: file ./objects/pack/pack-12.pack is far too short"
    assert clone.is_damaged(SourceError(f"{clone.git.shown}: git fetch: {damaged}"))


def test_a_clone_that_has_grown_is_made_anew(
    mono: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clones, "_LEAST", 0)
    made = followed(mono, tmp_path)
    made.cycle()
    sizes = []
    for number in range(12):
        commit(mono, {f"web/{number}": "x" * 100, "ml/note": str(number)})
        assert made.cycle().outcome in ("in_sync", "applied")
        sizes.append(size(folder(tmp_path) / "repository.git/objects"))
    assert max(sizes) < 6 * sizes[0]
    assert any(after < before for before, after in pairwise(sizes))


def test_a_call_of_git_has_its_time(mono: Path, tmp_path: Path) -> None:
    tool = tmp_path / "bin/git"
    tool.parent.mkdir()
    real = shutil.which("git")
    waits = f"*' fetch '*) echo >> {tmp_path}/calls; sleep 600;;"
    tool.write_text(f'#!/bin/sh\ncase "$*" in {waits} esac\nexec {real} "$@"\n')
    tool.chmod(0o755)
    source = GitSource(
        mono.as_uri(),
        tmp_path / "here",
        environment=environment(PATH=f"{tool.parent}:{os.environ['PATH']}"),
        base=tmp_path,
        seconds=2,
    )
    with pytest.raises(SourceError, match="git fetch took longer than 2 seconds") as raised:
        source.fetch()
    assert raised.value.hint == "--timeout gives it more"
    assert (tmp_path / "calls").read_text() == "\n"  # not in another way, which takes as long


def test_submodules_where_they_are_wanted(mono: Path, tmp_path: Path) -> None:
    inner = upstream(tmp_path / "inner")
    commit(inner, {"x.yaml": declaration("x").replace("./job", "./sub/job"), "sub/job.yml": JOB})
    git(mono, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet",
        "../inner", "ml/schedules/x")  # fmt: skip
    git(mono, "config", "--file", ".gitmodules", "submodule.ml/schedules/x.url", "../inner")
    config = CONFIG.replace("[schedules]", "[schedules/*.yaml, schedules/x/x.yaml]")
    commit(mono, {"ml/reconciler.yaml": config})
    without = on_git(mono, tmp_path / "without", path="ml")
    assert "it is a Git submodule that is not checked out" in without.cycle().message
    made = followed(mono, tmp_path, submodules=True)
    record = made.cycle()
    assert record.outcome == "applied", record.message
    assert made.live() == {"a": True, "x": True}


def tree_of(mono: Path, *entries: str) -> str:
    """A tree as it stands; `git add` makes none that holds such names."""
    made = subprocess.run(
        ["git", "-C", str(mono), "mktree", "--missing"],
        input="".join(f"{entry}\n" for entry in entries),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return made.stdout.strip()


@pytest.mark.parametrize("path", ["../../../../victim", "out/victim"])
def test_a_submodule_does_not_lead_out(mono: Path, tmp_path: Path, path: str) -> None:
    """What stands in its place is removed, and that may be anybody's."""
    victim = tmp_path / "here/.reconciler/sources/victim"
    inner = upstream(tmp_path / "inner")
    *above, last = path.split("/")
    said = f'[submodule "x"]\npath = {path}\nurl = ../inner\n'
    commit(mono, {".gitmodules": said})
    made = tree_of(mono, f"160000 commit {git(inner, 'rev-parse', 'HEAD')}\t{last}")
    for name in reversed(above):
        made = tree_of(mono, f"040000 tree {made}\t{name}")
    listed = [*git(mono, "ls-tree", "HEAD").splitlines(), *git(mono, "ls-tree", made).splitlines()]
    if path.startswith("out"):
        (tmp_path / "link").write_text("../../../..")
        blob = git(mono, "hash-object", "-w", str(tmp_path / "link"))
        listed.append(f"120000 blob {blob}\tout")
    top = tree_of(mono, *listed)
    git(mono, "reset", "--soft", git(mono, "commit-tree", "-m", "x", top))
    victim.mkdir(parents=True)
    (victim / "precious").touch()
    source = GitSource(
        mono.as_uri(), tmp_path / "here/.reconciler", environment=environment(), base=tmp_path,
        ref="main", submodules=True,
    )  # fmt: skip
    with pytest.raises(SourceError, match="leads out of the repository"):
        source.fetch()
    assert (victim / "precious").exists()


def test_large_files_where_they_are_wanted(mono: Path, tmp_path: Path) -> None:
    """`git-lfs` is a stand-in here: it gives what a file of the pointer's name holds."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "abc").write_text(declaration("big").replace("./job", "../../shared/jobs/job"))
    tool = tmp_path / "bin/git-lfs"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\ncat {store}/$(sed -n 's/^oid sha256://p')\n")
    tool.chmod(0o755)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 3\n"
    commit(mono, {"ml/schedules/big.yaml": pointer})
    without = on_git(mono, tmp_path / "without", path="ml")
    assert "Git LFS" in without.cycle().message
    source = GitSource(
        mono.as_uri(),
        tmp_path / "with",
        environment=environment(PATH=f"{tool.parent}:{os.environ['PATH']}"),
        base=tmp_path,
        path="ml",
        lfs=True,
    )
    assert (source.fetch().folder / "schedules/big.yaml").read_text().startswith("name: big")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("job: ../jobs/j.yml", {"jobs/j.yml"}),
        ("  - ../my jobs/j.yml", {"my jobs/j.yml", "my"}),
        ("[../shared/*.yml, './x/../../y']", {"shared", "y"}),
        ("path: file:../data", {"data"}),
        ("a: {code: ../src/${{ vars.x }}/y}", {"src"}),
        ("# ../commented", set()),
        ("job: ../../../outside", set()),
        ("range: 1..5", set()),
        ("..", {"."}),
    ],
)
def test_paths_that_lead_up(text: str, found: set[str]) -> None:
    assert set(paths_up(text, "ml")) == found


def test_what_lies_below() -> None:
    assert is_below("a/b", {"a"})
    assert is_below("a", {"a"})
    assert is_below("x", {"."})
    assert not is_below("ab", {"a"})
