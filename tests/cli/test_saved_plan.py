"""Ways in which a saved plan is stale or forged, each refused with its reason; and what is fine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import declaration, environment, invoke, repository, run, write

from cli.saved import (
    CONFIG,
    PLAN,
    SECRET,
    change,
    change_live,
    copy,
    create_live,
    delete_live,
    forge,
    make,
    put,
    read,
    refused,
    sealed,
    settle,
    shown,
    state,
)
from reconciler.model import Cron
from reconciler.plan.saved.digests import digest
from reconciler.plan.saved.planfile import MOST_BYTES
from reconciler.plan.trigger_text import trigger_texts

HINT = "  hint: `reconciler plan --out FILE` makes a new one, to be reviewed again\n"
DECLARATIONS = "the declarations are not those that it was made of [declarations]"
OTHER = "0" * 64
Act = Callable[[Path], object]
Case = tuple[Act, tuple[str, ...], tuple[str, ...]]
"""What happens after the plan was saved, the options of apply, the reasons."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made") / "repository")


@pytest.fixture
def repo(made: Path, tmp_path: Path) -> Path:
    return copy(made, tmp_path / "elsewhere")


def declare(name: str, hour: int = 2, **extra: str) -> Act:
    return lambda repo: write(repo, {f"schedules/{name}.yaml": declaration(name, hour, **extra)})


def remove(name: str) -> Act:
    return lambda repo: (repo / f"schedules/{name}.yaml").unlink()


def configure(old: str, new: str) -> Act:
    assert old in CONFIG
    return lambda repo: write(repo, {"reconciler.yaml": CONFIG.replace(old, new)})


def replace_text(path: str, old: str, new: str) -> Act:
    def replaced(repo: Path) -> None:
        text = (repo / path).read_text()
        assert old in text
        write(repo, {path: text.replace(old, new)})

    return replaced


def declared(name: str, reason: str = "what is declared is not what was planned") -> str:
    return f"local/{name}: {reason} [declared]"


def live(name: str, reason: str = "it was changed live since") -> str:
    return f"local/{name}: {reason} [live]"


def unplanned(name: str, done: str) -> str:
    return f"local/{name}: it would be {done}, and was not planned [unplanned]"


def another_workspace(repo: Path) -> None:
    """One with the same schedules in it, made by applying the repository as it was."""
    shutil.copytree(repo, repo.parent / "twin")
    twin = repo.parent / "twin"
    (twin / "workspace.db").unlink()
    assert run(twin, "apply", "--yes").code == 0
    settle(twin)
    (repo / "workspace.db").unlink()
    shutil.copy(twin / "workspace.db", repo / "workspace.db")


def no_workspace(repo: Path) -> None:
    (repo / "workspace.db").unlink()


REPOSITORY: dict[str, Case] = {
    "another change to the same schedule": (
        declare("changed", 5),
        (),
        (DECLARATIONS, declared("changed")),
    ),
    "the change is taken back": (declare("changed"), (), (DECLARATIONS, declared("changed"))),
    "what is new is changed": (declare("new", 4), (), (DECLARATIONS, declared("new"))),
    "what is new is removed": (
        remove("new"),
        (),
        (DECLARATIONS, declared("new", "it is not declared any more")),
    ),
    "what changes is removed": (
        remove("changed"),
        (),
        (DECLARATIONS, declared("changed", "it is not declared any more")),
    ),
    "what is removed is put back": (
        declare("gone"),
        (),
        (DECLARATIONS, declared("gone", "it is declared, and was not")),
    ),
    "what was removed before is put back": (
        declare("left"),
        (),
        (DECLARATIONS, declared("left", "it is declared, and was not")),
    ),
    "what was the same is changed": (declare("kept", 8), (), (DECLARATIONS, declared("kept"))),
    "what was the same is removed": (
        remove("kept"),
        (),
        (DECLARATIONS, declared("kept", "it is not declared any more")),
    ),
    "one more is declared": (
        declare("more"),
        (),
        (DECLARATIONS, unplanned("more", "created")),
    ),
    "another's is declared otherwise": (
        declare("theirs", 8),
        (),
        (DECLARATIONS, declared("theirs")),
    ),
    "another's is declared no more": (
        remove("theirs"),
        (),
        (DECLARATIONS, declared("theirs", "it is not declared any more")),
    ),
    "what is new is disabled": (
        declare("new", is_enabled="false"),
        (),
        (DECLARATIONS, declared("new")),
    ),
    "what was off is enabled": (
        declare("off", is_enabled="true"),
        (),
        (DECLARATIONS, declared("off")),
    ),
    "a tag": (declare("new", tags="{a: b}"), (), (DECLARATIONS, declared("new"))),
    "a description": (declare("new", description="d"), (), (DECLARATIONS, declared("new"))),
    "an override for the target": (
        declare("new", overrides="{local: {trigger: {time_zone: Europe/Lisbon}}}"),
        (),
        (DECLARATIONS, declared("new")),
    ),
    "no more for this target": (
        declare("new", targets="[other]"),
        (),
        (DECLARATIONS, declared("new", "it is not declared any more")),
    ),
    "a variable": (
        configure('hour: "9"', 'hour: "10"'),
        (),
        (DECLARATIONS, declared("kept")),
    ),
    "a default": (
        configure("limits:", "defaults: { tags: { team: x } }\nlimits:"),
        (),
        (
            DECLARATIONS,
            *(declared(n) for n in ("changed", "kept", "new", "off", "secret", "theirs")),
        ),
    ),
    "the job": (
        replace_text("schedules/job.yml", "hello", "goodbye"),
        (),
        (
            DECLARATIONS,
            *(declared(n) for n in ("changed", "kept", "new", "off", "secret", "theirs")),
        ),
    ),
    "the name of a secret": (
        replace_text("schedules/secret.yaml", SECRET, "./job.yml"),
        (),
        (DECLARATIONS, declared("secret")),
    ),
    # The digest of what is declared does not know the value; the plan knows that it differs now.
    "the value of a secret": (
        replace_text("schedules/secret.yaml", "hunter2", "hunter3"),
        (),
        (declared("secret", "other fields would change"),),
    ),
}

RENAMED = CONFIG.replace("  local:", "  renamed:").replace("target: local", "target: renamed")
TARGETS: dict[str, Case] = {
    "another owner": (
        configure("owner: us", "owner: you"),
        (),
        ('it is for the owner "us", and we are "you" [owner]',),
    ),
    "the target has another name": (
        lambda repo: write(repo, {"reconciler.yaml": RENAMED}),
        (),
        ('no target "local" in reconciler.yaml [target]',),
    ),
    "--target": (
        lambda repo: None,
        ("--target", "other"),
        ("it is for local, and --target other is another [target]",),
    ),
    "--target all": (
        lambda repo: None,
        ("--target", "all"),
        ("it is for local, and --target all is another [target]",),
    ),
    "another workspace that is empty": (
        configure("workspace.db", "fresh.db"),
        (),
        ('target "local": the plan is for ID, and this one does not exist [target]',),
    ),
    "another workspace with the same in it": (
        another_workspace,
        (),
        ('target "local": the plan is for ID, and this one is ID [target]',),
    ),
    "the workspace is gone": (
        no_workspace,
        (),
        ('target "local": the plan is for ID, and this one does not exist [target]',),
    ),
    "the target is another kind": (
        configure(
            "provider: local, workspace: workspace.db",
            "provider: azureml, subscription_id: s, resource_group: g, workspace: w",
        ),
        (),
        ('target "local": in the plan it is a target of "local", and now of "azureml" [target]',),
    ),
    "--adopt": (
        lambda repo: None,
        ("--adopt", "theirs"),
        ("it was made without --adopt theirs [options]",),
    ),
    "--ignore-limits": (
        lambda repo: None,
        ("--ignore-limits",),
        ("it was made without --ignore-limits [options]",),
    ),
    "--allow-empty": (
        lambda repo: None,
        ("--allow-empty",),
        ("it was made without --allow-empty [options]",),
    ),
}

EIGHT = Cron("0 8 * * *")
LIVE: dict[str, Case] = {
    "what changes was changed": (
        lambda repo: change_live(repo, "changed", trigger=EIGHT),
        (),
        (live("changed"),),
    ),
    "what changes was disabled": (
        lambda repo: invoke(repo, "schedules", "disable", "changed"),
        (),
        (live("changed"),),
    ),
    "what changes was deleted": (
        lambda repo: delete_live(repo, "changed"),
        (),
        (live("changed", "it is not live any more"),),
    ),
    "what changes was taken by another": (
        lambda repo: change_live(repo, "changed", owner="them"),
        (),
        (
            live(
                "changed",
                'it is not ours: managed by "them"; --adopt changed takes it over',
            ),
        ),
    ),
    "what changes was let go": (
        lambda repo: change_live(repo, "changed", owner=None),
        (),
        (live("changed", "it is not ours: made by hand; --adopt changed takes it over"),),
    ),
    "what is new was made by hand": (
        lambda repo: create_live(repo, "new", "kept", owner=None),
        (),
        (live("new", "it is not ours: made by hand; --adopt new takes it over"),),
    ),
    "what is new was made by another": (
        lambda repo: create_live(repo, "new", "kept", owner="them"),
        (),
        (live("new", 'it is not ours: managed by "them"; --adopt new takes it over'),),
    ),
    "what is new was made by us, otherwise": (
        lambda repo: create_live(repo, "new", "kept"),
        (),
        (live("new", "it was made live since"),),
    ),
    "what is removed was changed": (
        lambda repo: change_live(repo, "gone", trigger=EIGHT),
        (),
        (live("gone"),),
    ),
    "what is removed was deleted": (
        lambda repo: delete_live(repo, "gone"),
        (),
        (live("gone", "it is not live any more, or not ours"),),
    ),
    "what is removed was taken by another": (
        lambda repo: change_live(repo, "gone", owner="them"),
        (),
        (live("gone", "it is not live any more, or not ours"),),
    ),
    "what was the same was changed": (
        lambda repo: change_live(repo, "kept", trigger=EIGHT),
        (),
        (live("kept"),),
    ),
    "what was the same was disabled": (
        lambda repo: change_live(repo, "kept", enabled=False),
        (),
        (live("kept"),),
    ),
    "what was the same was deleted": (
        lambda repo: delete_live(repo, "kept"),
        (),
        (live("kept", "it is not live any more"),),
    ),
    "what was the same was taken by another": (
        lambda repo: change_live(repo, "kept", owner="them"),
        (),
        (live("kept", 'it is not ours: managed by "them"; --adopt kept takes it over'),),
    ),
    "what was off was enabled": (
        lambda repo: change_live(repo, "off", enabled=True),
        (),
        (live("off"),),
    ),
    "what was removed before was enabled": (
        lambda repo: change_live(repo, "left", enabled=True),
        (),
        (live("left"),),
    ),
    "one more of ours": (
        lambda repo: create_live(repo, "more", "kept"),
        (),
        (unplanned("more", "disabled"),),
    ),
    "another's became ours": (
        lambda repo: change_live(repo, "theirs", owner="us"),
        (),
        (live("theirs", "it was changed live since: its owner or a secret"),),
    ),
    "a secret": (
        lambda repo: change_live(repo, "secret", tags={"password": "x"}),
        (),
        (live("secret"),),
    ),
    "two at once": (
        lambda repo: (delete_live(repo, "kept"), change_live(repo, "gone", trigger=EIGHT)),
        (),
        (live("gone"), live("kept", "it is not live any more")),
    ),
}


def raw(data: bytes) -> Act:
    return lambda repo: (repo / PLAN).write_bytes(data)


def bytewise(edit: Callable[[bytes], bytes]) -> Act:
    return lambda repo: (repo / PLAN).write_bytes(edit((repo / PLAN).read_bytes()))


def directory(repo: Path) -> None:
    (repo / PLAN).unlink()
    (repo / PLAN).mkdir()


def fifo(repo: Path) -> None:
    (repo / PLAN).unlink()
    os.mkfifo(repo / PLAN)


def device(repo: Path) -> None:
    (repo / PLAN).unlink()
    (repo / PLAN).symlink_to("/dev/zero")


def huge(repo: Path) -> None:
    os.truncate(repo / PLAN, MOST_BYTES + 1)


NO_PLAN = "it is not a saved plan [format]"
FILES: dict[str, Case] = {
    "a folder": (directory, (), (f"{PLAN} is not a regular file [file]",)),
    "a FIFO that nobody writes to": (fifo, (), (f"{PLAN} is not a regular file [file]",)),
    "a device": (device, (), (f"{PLAN} is not a regular file [file]",)),
    "larger than any": (huge, (), ("it is larger than 100 MB [size]",)),
    "empty": (raw(b""), (), ("it is not JSON: ... [json]",)),
    "truncated": (bytewise(lambda d: d[: len(d) // 2]), (), ("it is not JSON: ... [json]",)),
    "something after it": (bytewise(lambda d: d + b"{}"), (), ("it is not JSON: ... [json]",)),
    "a byte order mark": (
        bytewise(lambda d: b"\xef\xbb\xbf" + d),
        (),
        ("it is not JSON: ... [json]",),
    ),
    "UTF-16": (
        bytewise(lambda d: d.decode().encode("utf-16")),
        (),
        ("it is not UTF-8 [json]",),
    ),
    "a key twice": (
        bytewise(lambda d: b'{"owner":"them",' + d[1:]),
        (),
        ('it is not JSON: the key "owner" stands twice [json]',),
    ),
    "NaN": (
        bytewise(lambda d: d.replace(b'"owner":"us"', b'"owner":NaN', 1)),
        (),
        ("it is not JSON: NaN is no number [json]",),
    ),
    "a number too large": (
        bytewise(lambda d: d.replace(b'"format_version":1', b'"format_version":1e999', 1)),
        (),
        ("it is not JSON: 1e999 is too large [json]",),
    ),
    "a number too long": (
        bytewise(lambda d: d.replace(b'"format_version":1', b'"format_version":' + b"1" * 9999)),
        (),
        ("it is not JSON: ... [json]",),
    ),
    "nested too deep": (raw(b"[" * 200_000), (), ("it is nested too deep [json]",)),
    "a list": (raw(b"[]"), (), (NO_PLAN,)),
    "something else": (raw(b'{"a": 1}'), (), (NO_PLAN,)),
    "a plan as JSON": (
        lambda repo: (repo / PLAN).write_text(
            invoke(repo, "plan", "--format", "json").out, encoding="utf-8"
        ),
        (),
        (NO_PLAN,),
    ),
}


def setting(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def edit(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = to

    return edit


def both(*edits: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], None]:
    def edit(document: dict[str, Any]) -> None:
        for one in edits:
            one(document)

    return edit


def drop(name: str) -> Callable[[dict[str, Any]], None]:
    """A change, from all places."""

    def edit(document: dict[str, Any]) -> None:
        action = change(document, name)["action"]
        for plan in (document["targets"][0], document["shown"]["plans"][0]):
            plan["changes"] = [c for c in plan["changes"] if c["name"] != name]
        document["shown"]["plans"][0]["summary"][action] -= 1

    return edit


def show_otherwise(name: str, side: str) -> Callable[[dict[str, Any]], None]:
    """What is shown and its digest, both."""

    def edit(document: dict[str, Any]) -> None:
        seen = shown(document, name)
        seen[side]["trigger"]["expression"] = "0 6 * * *"
        seen.update(trigger_texts(seen["before"], seen["after"]))
        change(document, name)[side] = digest(seen[side])

    return edit


def another_trigger(**trigger: Any) -> Callable[[dict[str, Any]], None]:
    """What `new` is shown to fire by, sealed; and, where there are any, the words for it."""

    def edit(document: dict[str, Any]) -> None:
        seen = shown(document, "new")
        seen["after"]["trigger"] = trigger
        change(document, "new")["after"] = digest(seen["after"])

    return edit


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def deep(levels: int, *path: str) -> Callable[[dict[str, Any]], None]:
    def edit(document: dict[str, Any]) -> None:
        seen = shown(document, "new")
        setting(*path, "odd", to=nested(levels))(seen["after"])
        change(document, "new")["after"] = digest(seen["after"])

    return edit


def act_otherwise(document: dict[str, Any]) -> None:
    """As if `theirs` were to be taken over: what is skipped is updated."""
    for one in (change(document, "theirs"), shown(document, "theirs")):
        one["action"] = "update"
    summary = document["shown"]["plans"][0]["summary"]
    summary["skip"] -= 1
    summary["update"] += 1


def fewer_fields(document: dict[str, Any]) -> None:
    shown(document, "changed")["fields"] = []
    change(document, "changed")["fields"] = digest([])


SHAPE = "it has not the shape of a saved plan: ... [shape]"
TWICE = "a schedule stands twice in it [shape]"
NOT_SHOWN = "what it shows is not what it would do [shown]"
EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "format": (setting("format", to="plan"), NO_PLAN),
    "an older format": (
        setting("format_version", to=0),
        "its format version is 0, and this program knows 1 [format]",
    ),
    "a newer format": (
        setting("format_version", to=2),
        "its format version is 2, and this program knows 1 [format]",
    ),
    "a format that is no number": (
        setting("format_version", to="1"),
        "its format version is unknown, and this program knows 1 [format]",
    ),
    "a format that is true": (
        setting("format_version", to=True),
        "its format version is unknown, and this program knows 1 [format]",
    ),
    "no version of the program": (lambda d: d.pop("tool_version"), SHAPE),
    "made in the future": (
        setting("made_at", to="2999-01-01T00:00:00+00:00"),
        "it was made in the future, at 2999-01-01 00:00 UTC [age]",
    ),
    "made at no time": (
        setting("made_at", to="yesterday"),
        "made_at is not a moment in time [shape]",
    ),
    "made at a wall clock's time": (
        setting("made_at", to="2026-01-01T00:00:00"),
        "made_at is not a moment in time [shape]",
    ),
    "owner": (setting("owner", to="them"), "it shows another owner than it is for [shown]"),
    "owner, all of it": (
        both(setting("owner", to="them"), setting("shown", "plans", 0, "owner", to="them")),
        'it is for the owner "them", and we are "us" [owner]',
    ),
    "commit": (
        setting("commit", to="a" * 40),
        "it is of commit aaaaaaaaaaaa, and there is no Git repository here [commit]",
    ),
    "no commit": (setting("commit", to="main"), SHAPE),
    "half a surrogate pair": (setting("commit", to="\ud800"), SHAPE),
    "half a surrogate pair in what is shown": (
        setting("shown", "plans", 0, "changes", 0, "action", to="\udfff"),
        SHAPE,
    ),
    "declarations": (setting("declarations", to=OTHER), DECLARATIONS),
    "declarations that are no digest": (setting("declarations", to=""), SHAPE),
    "adopt": (
        setting("options", "adopt", to=["theirs"]),
        "it was made with --adopt theirs; give it again [options]",
    ),
    "allow_empty": (
        setting("options", "allow_empty", to=True),
        "it was made with --allow-empty; give it again [options]",
    ),
    "ignore_limits": (
        setting("options", "ignore_limits", to=True),
        "it was made with --ignore-limits; give it again [options]",
    ),
    "an option more": (setting("options", "force", to=True), SHAPE),
    "no targets": (setting("targets", to=[]), "it shows other targets than it is for [shown]"),
    "a target twice": (
        lambda d: d["targets"].append(d["targets"][0]),
        "a target stands twice in it [shape]",
    ),
    "the name of the target": (
        setting("targets", 0, "name", to="other"),
        "it shows other targets than it is for [shown]",
    ),
    "provider": (
        setting("targets", 0, "provider", to="azureml"),
        'target "local": in the plan it is a target of "azureml", and now of "local" [target]',
    ),
    "identity": (
        setting("targets", 0, "identity", to="local:" + "0" * 32),
        'target "local": the plan is for ID, and this one is ID [target]',
    ),
    "no identity": (
        setting("targets", 0, "identity", to=None),
        'target "local" did not exist when the plan was made, and does now [target]',
    ),
    "a change twice": (
        lambda d: d["targets"][0]["changes"].append(change(d, "new")),
        TWICE,
    ),
    "a change taken out": (
        lambda d: d["targets"][0]["changes"].pop(),
        "it shows other schedules than it is for [shown]",
    ),
    "a change hidden": (
        lambda d: d["shown"]["plans"][0]["changes"].pop(),
        "it shows other schedules than it is for [shown]",
    ),
    "a change taken out everywhere": (drop("gone"), unplanned("gone", "disabled")),
    "another name": (
        both(
            lambda d: change(d, "new").update(name="newer"),
            lambda d: shown(d, "new").update(name="newer"),
        ),
        f"{unplanned('new', 'created')}\n{declared('newer', 'it is not declared any more')}",
    ),
    "shown for another target": (
        lambda d: shown(d, "new").update(target="other"),
        f"local/new: {NOT_SHOWN}",
    ),
    "action": (lambda d: change(d, "gone").update(action="noop"), f"local/gone: {NOT_SHOWN}"),
    "an action that is none": (lambda d: change(d, "gone").update(action="delete"), SHAPE),
    "action, shown": (lambda d: shown(d, "gone").update(action="noop"), f"local/gone: {NOT_SHOWN}"),
    "counts": (
        setting("shown", "plans", 0, "summary", "disable", to=0),
        "it counts 0 to disable, and has 1 [shown]",
    ),
    "before": (lambda d: change(d, "changed").update(before=OTHER), f"local/changed: {NOT_SHOWN}"),
    "after": (lambda d: change(d, "changed").update(after=OTHER), f"local/changed: {NOT_SHOWN}"),
    "after, shown": (
        lambda d: shown(d, "changed")["after"].update(description="harmless"),
        f"local/changed: {NOT_SHOWN}",
    ),
    "after, shown and sealed": (show_otherwise("changed", "after"), declared("changed")),
    "before, shown and sealed": (
        show_otherwise("changed", "before"),
        live("changed", "it is not live as the plan shows it"),
    ),
    "live": (
        lambda d: change(d, "changed").update(live=OTHER),
        live("changed", "it was changed live since: its owner or a secret"),
    ),
    "fields": (lambda d: change(d, "changed").update(fields=OTHER), f"local/changed: {NOT_SHOWN}"),
    "fields, shown and sealed": (fewer_fields, declared("changed", "other fields would change")),
    "another trigger, sealed, with the words for the right one": (
        another_trigger(type="cron", expression="0 6 * * *", time_zone="UTC"),
        declared("new"),
    ),
    "a trigger without its keys": (another_trigger(type="cron"), f"local/new: {NOT_SHOWN}"),
    "a trigger on a day that is none": (
        another_trigger(
            type="recurrence", frequency="week", interval=1, schedule={"week_days": ["doomsday"]}
        ),
        f"local/new: {NOT_SHOWN}",
    ),
    "a trigger from a time that is none": (
        another_trigger(type="cron", expression="0 2 * * *", start_time="2026-13-01"),
        f"local/new: {NOT_SHOWN}",
    ),
    "a trigger in no time zone": (
        another_trigger(type="cron", expression="0 2 * * *", time_zone="Mars/Phobos"),
        f"local/new: {NOT_SHOWN}",
    ),
    "a trigger at more times than there are": (
        another_trigger(
            type="recurrence",
            frequency="day",
            interval=1,
            schedule={"hours": list(range(9_999)), "minutes": list(range(9_999))},
        ),
        f"local/new: {NOT_SHOWN}",
    ),
    "differences in what is masked": (
        lambda d: shown(d, "changed")["fields"][0].update(masked=True),
        f"local/changed: {NOT_SHOWN}",
    ),
    "an outcome": (lambda d: shown(d, "new").update(outcome="created", error=None), SHAPE),
    "a hold until no moment": (
        lambda d: change(d, "new").update(hold="::error::"),
        "hold is not a moment in time [shape]",
    ),
    "an unknown key, deeper than the validator goes": (deep(400), SHAPE),
    "an unknown key, deeper still": (deep(800), "it is nested too deep [json]"),
    "a job that is nested too deep": (deep(800, "create_job"), "it is nested too deep [json]"),
    "no hold": (lambda d: change(d, "changed").pop("hold"), SHAPE),
    "a key more in a change": (lambda d: change(d, "changed").update(force=True), SHAPE),
    "a key more": (setting("force", to=True), SHAPE),
    "nothing shown": (setting("shown", to={}), SHAPE),
    "a key more in what is shown": (setting("shown", "script", to="x"), SHAPE),
}

FORGED: dict[str, Case] = {
    name: (forge(edit), (), tuple(reason.split("\n"))) for name, (edit, reason) in EDITS.items()
}
ALL = {
    f"{group}: {name}": case
    for group, cases in (
        ("repository", REPOSITORY),
        ("target", TARGETS),
        ("live", LIVE),
        ("file", FILES),
        ("forged", FORGED),
    )
    for name, case in cases.items()
}


_KEPT = ("the key", "NaN", "1e999")
_WORDS = (
    (r"local:[0-9a-f]{32}", "ID"),
    (r"(the shape of a saved plan): .* \[shape\]$", r"\1: ... [shape]"),
    (r"(it is not JSON): .* \[json\]$", r"\1: ... [json]"),
)


def reasons(text: str) -> list[str]:
    """Without what is another for every workspace, and the words of others' readers."""
    lines = refused(text)
    for pattern, words in _WORDS:
        kept = [line if any(w in line for w in _KEPT) else None for line in lines]
        lines = [k or re.sub(pattern, words, line) for k, line in zip(kept, lines, strict=True)]
    return lines


@pytest.mark.parametrize("name", ALL)
def test_it_is_refused(repo: Path, name: str) -> None:
    act, options, expected = ALL[name]
    act(repo)
    before = state(repo)
    done = invoke(repo, "apply", PLAN, "--yes", *options, code=4)
    assert reasons(done.err) == list(expected)
    assert done.out == ""
    assert state(repo) == before


def test_there_are_fifty_ways_and_more() -> None:
    assert len(ALL) > 100


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, inner in items for leaf in leaves(inner, (*path, key))]
    return [path]


def test_no_value_can_be_edited_without_its_being_noticed(repo: Path) -> None:
    from reconciler.cli.saved_plans import read_plan
    from reconciler.errors import StalePlan

    text = json.dumps(read(repo))
    every = [path for path in leaves(json.loads(text)) if "impact" not in path]
    assert len(every) > 150
    for path in every:
        document = json.loads(text)
        setting(*path, to="edited")(document)
        put(repo, document)
        with pytest.raises(StalePlan) as refusal:
            read_plan(repo / PLAN)
        (mismatch,) = refusal.value.mismatches
        assert mismatch.kind in ("edited", "format"), path


# ------------------------------------------------------------------------------------ what is fine


def enabled(repo: Path) -> dict[str, bool]:
    done = invoke(repo, "schedules", "list", "--all", "--format", "json")
    return {one["name"]: one["enabled"] for one in json.loads(done.out)["schedules"]}


NOT_OURS = "1 declared schedule is not ours, and is not applied: live is not as declared\n"


def check_applied(repo: Path, *options: str) -> None:
    done = invoke(repo, "apply", PLAN, "--yes", *options, code=5)
    assert "this changes nothing" not in done.text
    assert done.out.endswith(
        "updated local/changed\ndisabled local/gone\ncreated local/new\nupdated local/secret\n"
        "\n1 created, 2 updated, 1 disabled, 1 skipped\n"
    )
    assert done.err.endswith(NOT_OURS)
    assert "local: 1 skipped, " in invoke(repo, "plan", "--exit-code", code=3).out


def crlf(repo: Path) -> None:
    """As Git gives them out on Windows, the plan file too."""
    for path in [*repo.glob("**/*.y*ml"), repo / PLAN]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def linked(repo: Path) -> None:
    shutil.move(repo / PLAN, repo / "artifact")
    (repo / PLAN).symlink_to(repo / "artifact")


LIE = "::error::this changes nothing"


def other_words(document: dict[str, Any]) -> None:
    """All that is shown and not checked: nothing is decided by it, and apply says none of it."""
    plan = document["shown"]["plans"][0]
    plan.update(refusals=[LIE], impact=None)
    plan["summary"]["unmanaged"] = 99
    for one in plan["changes"]:
        note = {"kind": "rewritten", "path": LIE, "message": LIE}
        one.update(reason=LIE, source={"path": LIE, "line": 1}, impact=None, notes=[note])


def other_triggers(document: dict[str, Any]) -> None:
    """The same triggers in other words, as another version of the program says them; or in words
    that are not so, sealed. Neither is ever shown.
    """
    for one in document["shown"]["plans"][0]["changes"]:
        words = one["trigger"]
        one["trigger"] = {side: said and f"{LIE} at 04:00" for side, said in words.items()}
        one["time_zone"] = "Europe/Lisbon"


FINE: dict[str, tuple[Act, tuple[str, ...]]] = {
    "nothing happened": (lambda repo: None, ()),
    "the same target named": (lambda repo: None, ("--target", "local")),
    "young enough": (lambda repo: None, ("--max-age", "24h")),
    "partial, and everything matches": (lambda repo: None, ("--partial",)),
    "lines end otherwise": (crlf, ()),
    "a comment": (replace_text("schedules/changed.yaml", "name:", "# why\n\nname:"), ()),
    "another file name": (
        lambda repo: (repo / "schedules/new.yaml").rename(repo / "schedules/newer.yaml"),
        (),
    ),
    "another's was changed": (
        lambda repo: change_live(repo, "theirs", owner="them", trigger=EIGHT),
        (),
    ),
    "one more of another's": (
        lambda repo: create_live(repo, "more", "theirs", owner="them"),
        (),
    ),
    "what was removed before was deleted": (lambda repo: delete_live(repo, "left"), ()),
    "another path to the workspace": (
        lambda repo: (
            (repo / "workspace.db").rename(repo / "moved.db"),
            configure("workspace.db", "moved.db")(repo),
        ),
        (),
    ),
    "limits that still hold": (configure("count: 2", "count: 1"), ()),
    "another version of the program made it": (forge(setting("tool_version", to="99.1")), ()),
    "it says strict": (forge(setting("options", "strict", to=True)), ()),
    "a link to it": (linked, ()),
    "another reason, source, forecast and note, other refusals": (forge(other_words), ()),
    "its triggers in other words": (forge(other_triggers), ()),
}


@pytest.mark.parametrize("name", FINE)
def test_it_is_fine(repo: Path, name: str) -> None:
    act, options = FINE[name]
    act(repo)
    check_applied(repo, *options)


def test_applied_twice(repo: Path) -> None:
    check_applied(repo)
    before = state(repo)
    done = invoke(repo, "apply", PLAN, "--yes", code=1)
    assert done.out.endswith(
        "local: 1 skipped, 7 unchanged (2 removed, and disabled already: gone, left)\n"
    )
    assert state(repo) == before


def test_half_of_it_is_in_place(repo: Path) -> None:
    """Somebody disabled what is to be disabled, and an apply was interrupted."""
    invoke(repo, "schedules", "disable", "gone")
    change_live(repo, "changed", trigger=Cron("0 3 * * *"))
    done = invoke(repo, "apply", PLAN, "--yes", code=5)
    assert done.out.endswith("\n1 created, 1 updated, 1 skipped\n")


def test_a_workspace_that_did_not_exist(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a")
    invoke(repo, "plan", "--out", PLAN)
    assert not (repo / "workspace.db").exists()
    assert read(repo)["targets"][0]["identity"] is None
    assert "1 created" in invoke(repo, "apply", PLAN, "--yes").out
    # Everything is in place: whichever workspace that is, nothing would be done to it.
    assert "nothing to change" in invoke(repo, "apply", PLAN, "--yes").out
    delete_live(repo, "a")
    assert refused(invoke(repo, "apply", PLAN, "--yes", code=4).err) == [
        'target "local" did not exist when the plan was made, and does now [target]'
    ]


def test_several_targets(tmp_path: Path) -> None:
    repo = repository(tmp_path, "a", config=CONFIG)
    invoke(repo, "plan", "--target", "all", "--out", PLAN)
    assert [target["name"] for target in read(repo)["targets"]] == ["local", "other"]
    done = invoke(repo, "apply", PLAN, "--yes")
    assert "created local/a\n" in done.out
    assert "created other/a\n" in done.out


def test_adopting(repo: Path) -> None:
    invoke(repo, "plan", "--adopt", "theirs", "--out", PLAN)
    assert refused(invoke(repo, "apply", PLAN, "--yes", code=4).err) == [
        "it was made with --adopt theirs; give it again [options]"
    ]
    done = invoke(repo, "apply", PLAN, "--yes", "--adopt", "theirs")
    assert "updated local/theirs\n" in done.out


def test_limits_hold(repo: Path) -> None:
    """They are those of the repository at the time of the apply."""
    configure("disable: { count: 2 }", "disable: { count: 0 }")(repo)
    for name in range(9):
        create_live(repo, f"s{name}", "theirs", owner="us")
        write(repo, {f"schedules/s{name}.yaml": declaration(f"s{name}")})
    invoke(repo, "plan", "--out", PLAN, code=4)
    done = invoke(repo, "apply", PLAN, "--yes", code=4)
    assert refused(done.err)[:-1] == [
        "it would disable 1 schedule, and limits.disable.count is 0; if that is meant, use"
        " --ignore-limits"
    ]
    invoke(repo, "plan", "--out", PLAN, "--ignore-limits")
    assert "give it again" in invoke(repo, "apply", PLAN, "--yes", code=4).err
    assert "1 disabled" in invoke(repo, "apply", PLAN, "--yes", "--ignore-limits", code=5).out


# ----------------------------------------------------------------------------------------- partial


def test_partial_makes_what_still_matches(repo: Path) -> None:
    declare("new", 5)(repo)
    declare("more")(repo)
    change_live(repo, "gone", trigger=EIGHT)
    done = invoke(repo, "apply", PLAN, "--yes", "--partial", code=5)
    assert done.err == (
        "left out: local/gone: it was changed live since [live]\n"
        '    trigger.expression  "0 2 * * *" -> "0 8 * * *"\n'
        "left out: local/more: it would be created, and was not planned [unplanned]\n"
        "left out: local/new: what is declared is not what was planned [declared]\n"
        '    trigger.expression  "0 2 * * *" -> "0 5 * * *"\n'
        "3 changes left out: live is not as declared\n" + NOT_OURS
    )
    assert done.out.endswith(
        "\nupdated local/changed\nupdated local/secret\n\n2 updated, 1 skipped\n"
    )
    assert enabled(repo)["gone"]
    assert "new" not in enabled(repo)


def test_partial_with_nothing_left_to_make(repo: Path) -> None:
    """No green job, and no "nothing to change", where live is not as declared."""
    invoke(repo, "apply", PLAN, "--yes", code=5)
    invoke(repo, "schedules", "disable", "changed")
    done = invoke(repo, "apply", PLAN, "--yes", "--partial", code=4)
    assert refused(done.err) == [live("changed", "it was changed live since")]
    assert done.out == ""


def test_partial_is_not_for_another_target(repo: Path) -> None:
    another_workspace(repo)
    done = invoke(repo, "apply", PLAN, "--yes", "--partial", code=4)
    assert "[target]" in done.err


# ---------------------------------------------------------------------------------------- the words


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_triggers_are_shown_in_words_of_this_program(repo: Path, form: str) -> None:
    """Made anew of what the digests cover, and never those of the file."""
    was = invoke(repo, "show", PLAN, "--format", form).out
    forge(other_triggers)(repo)
    assert read(repo)["shown"]["plans"][0]["changes"][0]["trigger"]["after"] == f"{LIE} at 04:00"
    assert invoke(repo, "show", PLAN, "--format", form).out == was


def test_differences_are_shown(repo: Path) -> None:
    declare("changed", 5, description="d")(repo)
    invoke(repo, "schedules", "disable", "secret")
    assert invoke(repo, "apply", PLAN, "--yes", code=4).err == (
        f"refused: {DECLARATIONS}\n"
        "refused: local/changed: what is declared is not what was planned [declared]\n"
        '    description         (none) -> "d"\n'
        '    trigger.expression  "0 3 * * *" -> "0 5 * * *"\n'
        "refused: local/secret: it was changed live since [live]\n"
        "    is_enabled  true -> false\n" + HINT
    )


def test_a_hold_that_ends_meanwhile(repo: Path) -> None:
    """Nobody changed a thing, and yet it is another plan."""
    until = datetime.now(UTC)
    for seconds in (2, 5, 20):  # a machine at work may take that long to plan
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        declare("new", hold=f'{{until: "{until.isoformat()}"}}')(repo)
        invoke(repo, "plan", "--out", PLAN)
        if change(read(repo), "new")["hold"] is not None:
            break
    while datetime.now(UTC) <= until:
        time.sleep(0.02)
    done = invoke(repo, "apply", PLAN, "--yes", code=4)
    assert refused(done.err) == [
        DECLARATIONS,
        declared("new", f"it is not held until {until.isoformat()} any more"),
    ]
    assert "    is_enabled  false -> true\n" in done.err


def test_no_secret_and_no_digest_of_one(repo: Path) -> None:
    text = (repo / PLAN).read_text()
    assert "hunter2" not in text
    assert '"api_key":"****"' in text
    # With another secret everywhere, all that is kept is the same but the moment of the change.
    before = read(repo)
    replace_text("schedules/secret.yaml", "hunter2", "another")(repo)
    assert read(repo)["declarations"] == before["declarations"]
    invoke(repo, "plan", "--out", PLAN)
    assert change(read(repo), "secret")["after"] == change(before, "secret")["after"]


def test_a_file_of_every_age(repo: Path) -> None:
    forge(setting("made_at", to="2026-01-01T00:00:00+00:00"))(repo)
    done = invoke(repo, "apply", PLAN, "--yes", "--max-age", "7d", code=4)
    (reason,) = refused(done.err)
    assert reason.startswith("it was made at 2026-01-01 00:00 UTC, ")
    assert reason.endswith(" min ago, and --max-age is 168 h 0 min [age]")
    check_applied(repo)


@pytest.mark.parametrize("option", ["--partial", "--any-commit", "--max-age=1h"])
def test_options_of_a_saved_plan_alone(repo: Path, option: str) -> None:
    done = invoke(repo, "apply", "--yes", option, code=2)
    assert "--partial, --max-age and --any-commit are about a saved plan" in done.err


@pytest.mark.parametrize("age", ["7", "h", "1w", "-1h", "1.5h", "٣h", "9999999d", ""])
def test_an_age_that_is_none(repo: Path, age: str) -> None:
    done = invoke(repo, "apply", PLAN, "--max-age", age, code=2)
    assert "is not a span of time, such as 90s, 30m, 24h or 7d" in done.err


def test_a_file_that_is_not_there(repo: Path) -> None:
    assert "nothing.plan: No such file" in invoke(repo, "apply", "nothing.plan", code=2).err
    assert "nothing.plan: No such file" in invoke(repo, "show", "nothing.plan", code=2).err


def test_a_file_that_cannot_be_written(repo: Path) -> None:
    done = invoke(repo, "plan", "--out", "nowhere/p", code=1)
    assert done.err == "error: nowhere/p cannot be written: No such file or directory\n"
    assert done.out == ""
    assert invoke(repo, "plan", "--out", "schedules", code=2).out == ""


def test_nothing_but_a_file_is_replaced(repo: Path) -> None:
    fifo(repo)
    done = invoke(repo, "plan", "--out", PLAN, code=1)
    assert done.err == f"error: {PLAN} cannot be written: it is not a regular file\n"
    assert (repo / PLAN).is_fifo()
    (repo / "link").symlink_to(repo / "real")
    invoke(repo, "plan", "--out", "link")
    assert (repo / "link").is_symlink()
    assert (repo / "real").stat().st_size > 1000


def test_the_file_is_the_same_for_the_same_plan(repo: Path) -> None:
    before = read(repo)
    invoke(repo, "plan", "--out", PLAN)
    after = read(repo)
    for document in (before, after):
        del document["made_at"], document["digest"]
        for one in (plan := document["shown"]["plans"][0], *plan["changes"]):
            del one["impact"]  # begins at the moment that it was made
    assert after == before
    assert (repo / PLAN).stat().st_mode & 0o777 == 0o600
    # Beside it there is the history of applies, and nothing that it was written by way of.
    assert [path.name for path in repo.glob(".*")] == [".reconciler"]


# -------------------------------------------------------------------------------------------- show


def test_show(repo: Path, tmp_path: Path) -> None:
    """It needs nothing but the file."""
    plan = invoke(repo, "plan", "--out", PLAN)
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(repo / PLAN, alone / PLAN)
    assert invoke(alone, "show", PLAN).out == plan.out
    as_json = invoke(alone, "show", PLAN, "--format", "json").out
    assert json.loads(as_json) == read(repo)["shown"]
    for form in ("markdown", "html"):
        done = invoke(alone, "show", PLAN, "--format", form)
        assert "changed" in done.out
        assert "hunter2" not in done.out


def test_show_refuses_what_was_edited(repo: Path) -> None:
    document = read(repo)
    shown(document, "changed")["reason"] = "harmless"
    put(repo, document)
    done = invoke(repo, "show", PLAN, code=4)
    assert done.out == ""
    assert refused(done.err) == ["its content was changed after it was made [edited]"]


def test_what_is_shown_of_it_starts_no_command(repo: Path) -> None:
    forge(other_words)(repo)
    text = invoke(repo, "show", PLAN).out
    assert "this changes nothing" in text
    assert not any(line.strip().startswith("::") for line in text.splitlines())


@pytest.mark.parametrize("path", [(), ("create_job",)])
@pytest.mark.parametrize("levels", [260, 400, 800])
def test_what_is_nested_too_deep(repo: Path, levels: int, path: tuple[str, ...]) -> None:
    """It is refused for that, whichever part of the program comes to its end first."""
    forge(deep(levels, *path))(repo)
    if path and levels < 500:  # a job may hold whatever its target knows
        invoke(repo, "show", PLAN)
        return
    (reason,) = refused(invoke(repo, "show", PLAN, code=4).err)
    assert "it is nested too deep [" in reason


def test_nothing_shown_is_obeyed(repo: Path) -> None:
    """The digest is anybody's to compute: what is shown is as untrusted as any file."""
    document = read(repo)
    odd = "\x1b[2J\n+ local/fake ##vso[x]<script>"
    shown(document, "changed")["reason"] = odd
    document["owner"] = document["shown"]["plans"][0]["owner"] = odd
    put(repo, sealed(document))
    text = invoke(repo, "show", PLAN).out
    assert "\x1b" not in text
    assert "\n+ local/fake" not in text
    assert "##vso" not in text
    assert "<script>" not in invoke(repo, "show", PLAN, "--format", "html").out.split("changed")[-1]
    error = invoke(repo, "apply", PLAN, "--yes", code=4).err
    assert "\x1b" not in error
    assert len(error.splitlines()) == 2


# ------------------------------------------------------------------------------------------ commits


def git(repo: Path, *args: str) -> None:
    identity = ("-c", "user.name=us", "-c", "user.email=us@example.org")
    subprocess.run(
        ["git", *identity, *args], cwd=repo, check=True, capture_output=True, env=environment()
    )


@pytest.fixture
def committed(repo: Path) -> Path:
    git(repo, "init", "--quiet")
    git(repo, "add", "schedules", "reconciler.yaml")
    git(repo, "commit", "--quiet", "--message", "one")
    invoke(repo, "plan", "--out", PLAN)
    return repo


def test_the_same_commit(committed: Path) -> None:
    assert len(read(committed)["commit"]) == 40
    check_applied(committed)


def test_another_commit(committed: Path) -> None:
    git(committed, "commit", "--quiet", "--allow-empty", "--message", "two")
    (reason,) = refused(invoke(committed, "apply", PLAN, "--yes", code=4).err)
    planned = read(committed)["commit"][:12]
    assert reason.startswith(f"it is of commit {planned}, and ")
    assert reason.endswith(" is checked out [commit]")
    check_applied(committed, "--any-commit")


def test_another_commit_that_declares_something_else(committed: Path) -> None:
    declare("new", 5)(committed)
    git(committed, "commit", "--quiet", "--all", "--message", "two")
    done = invoke(committed, "apply", PLAN, "--yes", "--any-commit", code=4)
    assert refused(done.err) == [DECLARATIONS, declared("new")]


def test_a_commit_with_files_that_were_changed_since(committed: Path) -> None:
    declare("new", 5)(committed)
    done = invoke(committed, "apply", PLAN, "--yes", code=4)
    assert refused(done.err) == [DECLARATIONS, declared("new")]


def test_the_repository_without_git(committed: Path) -> None:
    shutil.rmtree(committed / ".git")
    (reason,) = refused(invoke(committed, "apply", PLAN, "--yes", code=4).err)
    assert reason.endswith(", and there is no Git repository here [commit]")
    check_applied(committed, "--any-commit")
