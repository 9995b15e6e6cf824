"""reconciler.yaml: what it says, and every mistake in it with its place."""

# ruff: noqa: E501

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.config import Limit, Limits, find_config, load_config
from reconciler.declare.resolve import Unset
from reconciler.errors import ConfigError
from reconciler.render.problems import render_problems

WHOLE = """\
owner: vision-team
schedules: [schedules, more/*.yml]
exclude: [schedules/drafts/*]
default_target: local
variables: {team: vision, count: 3}
defaults:
  tags: {managed: true}
  trigger: {time_zone: Europe/Lisbon, polling_interval: 10}
targets:
  local:
    provider: local
    workspace: .reconciler/${{ env.TEST_NAME }}.db
    datastores: {inbox: {url: "file:///${{env.TEST_NAME}}/${{ env.TEST_NAME }}"}}
  other:
    provider: local
    variables: {team: other, secret: "${{ env.TEST_SECRET }}"}
    defaults:
      tags: {tier: low}
limits:
  disable: {percent: 12.5, count: 3}
  update: {count: 0}
"""


def write(folder: Path, text: str = WHOLE) -> Path:
    path = folder / "reconciler.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def error(folder: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_config(write(folder, text))
    return caught.value


def test_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_NAME", "ws")
    config = load_config(write(tmp_path))
    assert config.owner == "vision-team"
    assert config.schedules == ("schedules", "more/*.yml")
    assert config.exclude == ("schedules/drafts/*",)
    assert config.target_names == ("local", "other")
    assert config.limits == Limits(Limit(12.5, 3), Limit(None, 0))
    assert config.folder == tmp_path.resolve()
    target = config.target("local")
    assert target.provider == "local"
    assert target.options == {
        "workspace": ".reconciler/ws.db",
        "datastores": {"inbox": {"url": "file:///ws/ws"}},
    }
    assert target.settings.variables == {"team": "vision", "count": 3}
    assert target.settings.defaults == {
        "tags": {"managed": True},
        "trigger": {"time_zone": "Europe/Lisbon", "polling_interval": 10},
    }
    assert "TEST_SECRET" not in repr(config)


def test_least(tmp_path: Path) -> None:
    config = load_config(
        write(tmp_path, "owner: a\nschedules: [.]\ntargets: {t: {provider: local}}")
    )
    assert (config.exclude, config.default_target, config.limits) == ((), None, Limits())
    assert config.limits.disable == Limit(30, None)
    assert config.target("t").settings.defaults == {}


def test_environment_is_read_for_the_target_that_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_NAME", "ws")
    monkeypatch.delenv("TEST_SECRET", raising=False)
    config = load_config(write(tmp_path))
    config.target("local")
    with pytest.raises(ConfigError) as caught:
        config.target("other")
    assert render_problems(caught.value.problems, "text") == (
        "reconciler.yaml:16:38: error: the environment variable TEST_SECRET is not set [CFG001]\n"
        "  16 |     variables: {team: other, secret: ****\n"
        "     |                                      ^~~~\n"
        "\n`reconciler explain CFG001` says more\n"
    )
    monkeypatch.setenv("TEST_SECRET", "s")
    other = config.target("other").settings
    assert other.variables == {"team": "other", "count": 3, "secret": "s"}
    assert other.defaults["tags"] == {"managed": True, "tier": "low"}
    monkeypatch.setenv("TEST_SECRET", "")
    assert config.target("other").settings.variables["secret"] == ""


def test_a_target_that_is_not_opened_needs_no_environment_for_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_NAME", raising=False)
    monkeypatch.delenv("TEST_SECRET", raising=False)
    config = load_config(write(tmp_path))
    local = config.target("local", to_open=False)
    named = {"datastores": {"inbox": {}}}  # without its URL, which the environment says
    assert (local.provider, local.options) == ("local", named)
    assert local.settings.variables == {"team": "vision", "count": 3}
    assert config.chosen("local") == ("local",)
    other = config.target("other", to_open=False)
    assert other.settings.variables == {"team": "other", "count": 3, "secret": Unset("TEST_SECRET")}


def test_only_what_holds_in_a_target_is_taken_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TEST_A", "TEST_B"):
        monkeypatch.delenv(name, raising=False)
    text = """\
owner: us
schedules: [.]
variables: {a: "${{ env.TEST_A }}", b: "x-${{ env.TEST_B }}"}
targets:
  one: {provider: local, variables: {a: 1, b: 2}}
  two: {provider: local, variables: {a: 1}}
  three: {provider: local, variables: {a: "${{ env.GITHUB_TOKEN }}"}}
"""
    config = load_config(write(tmp_path, text))
    assert config.target("one").settings.variables == {"a": 1, "b": 2}
    with pytest.raises(ConfigError) as caught:
        config.target("two")
    assert [p.json_path for p in caught.value.problems] == ["variables.b"]
    two = config.target("two", to_open=False)
    assert two.settings.variables == {"a": 1, "b": Unset("TEST_B")}
    with pytest.raises(ConfigError) as caught:
        config.target("three", to_open=False)
    assert [p.json_path for p in caught.value.problems] == ["targets.three.variables.a"]


@pytest.mark.parametrize("name", ["TEST-NAME", "1", "nul", "é"])
def test_environment_names(tmp_path: Path, name: str) -> None:
    text = WHOLE.replace("env.TEST_NAME", f"env.{name}-not-set")
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text)).target("local")
    assert f"{name}-not-set is not set" in caught.value.problems[0].message


def test_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_NAME", "ws")
    config = load_config(write(tmp_path))
    assert config.chosen(None) == ("local",)
    assert config.chosen("all") == ("local", "other")
    assert config.chosen("local") == ("local",)
    with pytest.raises(ConfigError, match='no target "lokal"') as caught:
        config.chosen("lokal")
    assert caught.value.hint == 'did you mean "local"?'
    config = load_config(write(tmp_path, WHOLE.replace("default_target: local\n", "")))
    assert config.chosen(None) == ("local", "other")
    config = load_config(write(tmp_path, WHOLE.replace("  other:", "  all:")))
    monkeypatch.setenv("TEST_SECRET", "s")
    assert config.chosen("all") == ("all",)


MISTAKES = {
    "owner: a\n": ['1:1 "schedules" is missing', '1:1 "targets" is missing'],
    "owner: -a\nschedules: [.]\ntargets: {t: {provider: local}}\n": [
        '1:8 "owner" must be letters, digits and . _ / @ -, at most 128, not "-a"'
    ],
    "owner: a\nschedules: []\ntargets: {}\n": [
        '3:10 "targets" must not be empty',
    ],
    "owner: a\nschedules: x\nexclude: [5, '']\ntargets: [t]\n": [
        '2:12 "schedules" must be a list, not "x"',
        '3:11 an item of "exclude" must be text, not 5',
        '3:14 an item of "exclude" must not be empty',
        '4:10 "targets" must be a mapping, not a list',
    ],
    "owner: a\nschedules: [.]\ntargets: {t: {provider: nomad}}\n": [
        '3:25 "provider" must be '
    ],
    "owner: a\nschedules: [.]\ntargets: {t: {}, u: , 'v w': {provider: local}}\n": [
        '3:11 "provider" is missing',
        '3:18 "u" must be a mapping, not empty',
        '3:23 the name "v w" is not allowed',
    ],
    "owner: a\nschedule: [.]\ntargets: {t: {provider: local, workspaces: x}}\n": [
        '2:1 "schedules" is missing',
        '3:32 "workspaces" is not known here',
    ],
    "owner: a\nschedules: [.]\ndefault_target: u\ntargets: {t: {provider: local}}\n": [
        '3:17 there is no target "u"'
    ],
    "owner: a\nschedules: [.]\nlimits: {disable: {percent: 101, count: -1}, create: {}}\ntargets: {t: {provider: local}}\n": [
        '3:29 "percent" must be at most 100, not 101',
        '3:41 "count" must be at least 0, not -1',
        '3:46 "create" is not known here',
    ],
    "owner: a\nschedules: [.]\nvariables: {a b: 1, c: [1], d: null}\ntargets: {t: {provider: local}}\n": [
        '3:13 the name "a b" is not allowed',
        '3:24 "c" must be text, a number or true or false, not a list',
        '3:32 "d" must be text, a number or true or false, not empty',
    ],
    "owner: a\nschedules: [.]\ndefaults: {trigger: {time_zone: Mars/Phobos, interval: 1}}\ntargets: {t: {provider: local, defaults: {trigger: {time_zone: Lisbon}}}}\n": [
        '3:33 time zone "Mars/Phobos" is not known',
        '3:46 "interval" is not known here',
        '4:64 time zone "Lisbon" is not known',
    ],
    "owner: a\nschedules: [.]\ndefaults: {trigger: {start_time: soon, end_time: 2026-01-01T00:00:00+02:00}}\ntargets: {t: {provider: local}}\n": [
        '3:34 "start_time" is not a date and time',
        '3:50 "end_time" has an offset (+02:00); it is a wall-clock time in time_zone',
    ],
    "owner: a\nschedules: [.]\ntargets: {t: {provider: local, datastores: {a: {}, b: x, c: {url: '', path: x}}}}\n": [
        '3:45 "url" is missing',
        '3:55 "b" must be a mapping, not "x"',
        '3:67 "url" must not be empty',
        '3:71 "path" is not known here',
    ],
    "": ["1:1 one document is expected: owner, schedules and targets"],
    "a: 1\n---\nb: 2\n": ["1:1 one document is expected: owner, schedules and targets"],
    "- a\n": ["1:1 a mapping with owner, schedules and targets is expected"],
    "owner: a\nowner: b\n": ['2:1 the key "owner" stands twice in this mapping'],
    "owner: [\n": ["1:8 not valid YAML: did not find expected node content (while parsing a flow node from line 2)"],
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes(tmp_path: Path, text: str) -> None:
    found = error(tmp_path, text)
    shown = [f"{p.line}:{p.column} {p.message}" for p in found.problems]
    assert len(shown) == len(MISTAKES[text])
    for line, expected in zip(shown, MISTAKES[text], strict=True):
        assert line == expected or (expected.endswith(" ") and line.startswith(expected))
    assert {p.path for p in found.problems} == {"reconciler.yaml"}
    number = len(found.problems)
    assert found.message.startswith(f"{number} problem{'s' if number > 1 else ''} in ")


def test_variables_in_defaults_are_looked_at_later(tmp_path: Path) -> None:
    text = "owner: a\nschedules: [.]\ntargets: {t: {provider: local}}\n"
    text += 'defaults: {trigger: {time_zone: "${{ vars.zone }}", start_time: "${{ env.START }}"}}\n'
    load_config(write(tmp_path, text))


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "reconciler.yaml"
    path.write_bytes(b"owner: \xff\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert [(p.code, p.line, p.column) for p in caught.value.problems] == [("SCH004", 1, 8)]


def test_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "reconciler.yaml", tmp_path, tmp_path / "x" / "y", Path("nul\0")):
        with pytest.raises(ConfigError, match="no such file"):
            load_config(path)
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        load_config(tmp_path / ("x" * 300))
    os.mkfifo(tmp_path / "reconciler.yaml")
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "reconciler.yaml")


def test_find_config(tmp_path: Path) -> None:
    deep = tmp_path / "repository" / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "reconciler.yaml").mkdir()
    assert find_config(deep) is None
    outer = write(tmp_path / "repository")
    assert find_config(deep) == outer.resolve()
    (deep.parent / ".git").mkdir()
    assert find_config(deep) is None
    inner = write(deep.parent)
    assert find_config(deep) == inner.resolve()


@pytest.mark.parametrize(
    "name",
    [
        "AZURE_ACCESS_TOKEN",
        "azure_client_secret",
        "AZURE_PASSWORD",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "AZURE_ID_TOKEN",
        "AZURE_FEDERATED_TOKEN",
        "AZURE_FEDERATED_TOKEN_FILE",
        "IDENTITY_HEADER",
        "MSI_SECRET",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "GITLAB_TOKEN",
        "CI_JOB_TOKEN",
        "CI_JOB_JWT_V2",
        "CI_REPOSITORY_URL",
        "SYSTEM_ACCESSTOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "ACTIONS_RUNTIME_TOKEN",
        "RECONCILER_TOKEN",
        "RECONCILER_READ_ONLY_TOKEN",
        "ARM_CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "TEMPORAL_API_KEY",
        "TEMPORAL_TLS_CLIENT_KEY_DATA",
    ],
)
def test_what_signs_a_job_in_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever can change the file could have it shown in the plan of a pull request."""
    monkeypatch.setenv(name, "very-secret")
    monkeypatch.setenv("TEST_SECRET", "hook")
    path = write(tmp_path, WHOLE.replace("env.TEST_NAME", f"env.{name}"))
    with pytest.raises(ConfigError) as caught:
        load_config(path).target("local")
    words = f"the environment variable {name} is a credential, and is not read here"
    assert {problem.message for problem in caught.value.problems} == {words}
    places = {(problem.code, problem.path, problem.line) for problem in caught.value.problems}
    assert places == {("CFG001", "reconciler.yaml", 12), ("CFG001", "reconciler.yaml", 13)}
    assert "very-secret" not in render_problems(caught.value.problems, "text")


@pytest.mark.parametrize("section", ["notifications", "webhooks"])
def test_what_signs_a_job_in_is_sent_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    """Secrets that are meant for a notification or a webhook are read."""
    monkeypatch.setenv("GITHUB_TOKEN", "very-secret")
    for name in ("SLACK_URL", "GITHUB_WEBHOOK_SECRET", "GITLAB_WEBHOOK_TOKEN"):
        monkeypatch.setenv(name, f"https://{name}.example")
    text = WHOLE + (
        'notifications: [{url: "${{ env.SLACK_URL }}", on: [failed]}]\n'
        'webhooks: {github: "${{ env.GITHUB_WEBHOOK_SECRET }}", gitlab: "${{ env.GITLAB_WEBHOOK_TOKEN }}"}\n'
    )
    assert "https://" in str(load_config(write(tmp_path, text)).section(section))
    for name in ("SLACK_URL", "GITHUB_WEBHOOK_SECRET"):
        text = text.replace(f"env.{name}", "env.GITHUB_TOKEN")
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text)).section(section)
    words = "the environment variable GITHUB_TOKEN is a credential, and is not read here"
    assert [problem.message for problem in caught.value.problems] == [words]
