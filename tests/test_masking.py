"""What looks secret, and that it is shown nowhere."""

# ruff: noqa: E501, W293

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from credentials import CARRIERS, PRIVATE_KEYS, SHAPES, json_web_token, made, private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.masking import (
    MASK,
    MOST_OF_A_LINE,
    is_secret,
    mask,
    mask_line,
    mask_lines,
    mask_text,
    shapes,
)


@pytest.mark.parametrize(
    "name",
    [
        *("password", "db_password", "DB_PASSWORD", "dbPassword", "passwords", "pwd", "passphrase"),
        *("secret", "client-secret", "clientSecrets", "token", "access_token", "githubToken"),
        *("tokens", "refresh_tokens", "key", "keys", "api_key", "apiKey", "APIKey", "apikey"),
        *("account.key", "storage-account-key", "accesskey", "sas", "sas_url", "SAS", "blobSas"),
        *("connection_string", "connectionString", "connectionstring", "credential", "CREDENTIALS"),
    ],
)
def test_secret_names(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("max_tokens", "tokensPerMinute", "num_tokens", "monkey", "keyboard", "sassy", "keynote"),
        *("connection", "string", "string_connection", "passed", "passes", "", "threshold", "日本"),
    ],
)
def test_other_names(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.blob.core.windows.net/c?sv=1&sig=abc%3D&se=2", "https://a.blob.core.windows.net/c?sv=1&sig=****&se=2"),
        ("AccountName=a;AccountKey=abc==;EndpointSuffix=x", "AccountName=a;AccountKey=****;EndpointSuffix=x"),
        ("postgres://user:pa@host/db", "postgres://user:****@host/db"),
        ("postgres://user@host:5432/db", "postgres://user@host:5432/db"),
        ("Server=x;Password=y z", "Server=x;Password=**** z"),
        ("design=1", "design=1"),
        ("no secret", "no secret"),
    ],
)  # fmt: skip
def test_mask_text(text: str, shown: str) -> None:
    assert mask_text(text) == shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("password", "x", MASK),
        ("password", 5, MASK),
        ("password", None, None),
        ("password", ["a", "b"], MASK),
        ("password", {"type": "string", "value": "x", "none": None}, {"type": MASK, "value": MASK, "none": None}),
        ("inputs", {"token": "x", "a": [{"key": 1}], "b": 2}, {"token": MASK, "a": [{"key": MASK}], "b": 2}),
        ("url", "x?sig=abc", "x?sig=****"),
        ("list", ("a", "x?sig=abc"), ["a", "x?sig=****"]),
        ("count", 5, 5),
    ],
)  # fmt: skip
def test_mask(name: str, value: Any, shown: Any) -> None:
    assert mask(name, value) == shown


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("password: hunter2", "password: ****"),
        ("  password:   hunter2 # old", "  password:   ****"),
        ('password: "a, b"', "password: ****"),
        ("password: a,b}c", "password: ****"),
        ("- {name: x, password: a, b: c}", "- {name: x, password: ****"),
        ('{"name":"x","password":"hunter2","a":1}', '{"name":"x","password":****'),
        ("'api_key' : x", "'api_key' : ****"),
        ("tags: {a: 1} # the token: x", "tags: {a: 1} # the token: ****"),
        ("password:", "password:"),
        ("password: ", "password: "),
        ("password: |-", "password: |-"),
        ("password: >2  ", "password: >2  "),
        ("password: |hunter2", "password: ****"),
        ("password: !hunter2", "password: ****"),
        ("password: &hunter2", "password: ****"),
        ("password: *hunter2", "password: ****"),
        ("password: #hunter2", "password: ****"),
        ("password:hunter2", "password:****"),  # no key of YAML, but shown nowhere the less
        ("threshold: 5", "threshold: 5"),
        ("url: https://a/?sig=x", "url: https://a/?sig=****"),
        ("u: a?sig=x , key: y", "u: a?sig=**** , key: ****"),
        ("", ""),
    ],
)
def test_mask_line(line: str, shown: str) -> None:
    assert mask_line(line) == shown


def test_mask_lines() -> None:
    text = """\
name: a
inputs:
  password: |
    hunter2

    hunter2
   
  token: "hunter2
    hunter2"
  threshold: 5
  key: # below
    hunter2
secrets:
- hunter2
- a: hunter2
  b: hunter2
tags: {
  "password":
"hunter2"
}
list:
- password:
    hunter2
  plain: 1
- secret: &x !!str
hunter2
last: 1
"""
    shown = mask_lines(text.splitlines())
    assert "hunter2" not in "\n".join(shown)
    kept = [line for line in shown if MASK not in line]
    for line in ("name: a", "  threshold: 5", "  plain: 1", "tags: {", "}", "last: 1", "", "   "):
        assert line in kept
    assert len(shown) == len(text.splitlines())


def test_a_line_that_is_too_long_is_not_shown() -> None:
    longest = "a" * (MOST_OF_A_LINE - 7)
    assert mask_lines([f"a: {longest}"]) == [f"a: {longest}"]
    for shown in (mask_line(f"name: x{longest}y"), *mask_lines([f"name: x{longest}y"])):
        assert shown == f"{MASK} (a line of {MOST_OF_A_LINE + 1:,} characters)"


@pytest.mark.parametrize(
    "lines",
    [
        ["password: r:", "  hunter2"],
        ["{password: r, b:", "  hunter2 }"],
        ["a:", "  type: password: ", "-   job: hunter2", "  inputs: hunter2"],
        ["args:", "- --password", "- hunter2", "- --epochs", "- 3"],
        ["Bearer .Benv.Benv.Benv.Benv.Benv.Benv.Benv.Benv.Benv.Behttps://u:hunter2@h/a"],
        ["a: 1-----BEGIN PRIVATE KEY-----hunter2, password: hunter2 }"],
        ["a: -----BEGIN PRIVATE KEY-----hunter2: hunter2", "hunter2", "-----END PRIVATE KEY-----"],
    ],
)
def test_masking_what_is_masked_changes_nothing(lines: list[str]) -> None:
    shown = mask_lines(lines)
    assert "hunter2" not in "\n".join(shown)
    assert mask_lines(shown) == shown


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=40), max_size=8))
def test_mask_lines_of_anything(lines: list[str]) -> None:
    shown = mask_lines(lines)
    assert len(shown) == len(lines)
    if lines:
        under = mask_lines(["password:", *(f"  {line}" for line in lines)])
        assert all(line.strip() in ("", MASK) for line in under[1:])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("auth=Basic hunter2==, next", "auth=****, next"),
        ("authorization=Bearer hunter2", "authorization=****"),
        ("mode=digest password=hunter2", "mode=digest password=****"),
        ('--password "hunter2 and more" x', '--password "****" x'),
        ("--password 'hunter2' x", "--password '****' x"),
        ('["--password", "hunter2", "x"]', '["--password", "****", "x"]'),
        ("curl -H 'PRIVATE-TOKEN: hunter2' h", "curl -H 'PRIVATE-TOKEN: ****' h"),
        ("DB_PASSWORD: hunter2", "DB_PASSWORD: ****"),
        ("DB_PASSWORD: ${{ inputs.x }}", "DB_PASSWORD: ${{ inputs.x }}"),
        ("fs.azure.account.key: hunter2 x", "fs.azure.account.key: **** x"),
        ("unexpected token: x, primary_key: id", "unexpected token: x, primary_key: id"),
    ],
)
def test_what_stands_behind_a_secret_name_in_text(text: str, shown: str) -> None:
    assert mask_text(text) == shown
    assert mask_text(shown) == shown


# ---------------------------------------------------------------------------- credentials by shape


@pytest.mark.parametrize("name", [*SHAPES, "JSON web token"])
def test_each_shape(name: str) -> None:
    """Wherever it stands in a line, though nothing beside it says what it is."""
    chance = random.Random(name)
    for carrier in CARRIERS:
        secret = made(SHAPES[name], chance) if name in SHAPES else json_web_token(chance)
        line = carrier.format(secret)
        for shown in (mask_text(line), *mask_lines([line]), mask("value", line)):
            assert secret not in shown
            assert secret[-12:] not in shown
            assert MASK in shown
            # What stands beside it is still there.
            before, after = carrier.format("\0").split("\0")
            assert shown.startswith(before)
            assert shown.endswith(after)


def test_each_alternative_has_a_shape() -> None:
    """Of the pattern of shapes: each is met by a credential of the tests."""
    chance = random.Random(0)
    secrets = [made(template, chance) for template in SHAPES.values()]
    secrets.append(json_web_token(chance))
    pattern = shapes.SHAPES.pattern
    behind = "(?<![A-Za-z0-9_])"
    assert pattern.startswith(f"{behind}(?:")
    inner, outer = _split(pattern.removeprefix(behind))[0], _split(pattern)[1:]
    alternatives = [behind + one for one in _split(inner.removeprefix("(?:")[:-1])] + outer
    assert len(alternatives) > 30
    assert [a for a in alternatives if not any(re.search(a, secret) for secret in secrets)] == []


def _split(pattern: str) -> list[str]:
    """A pattern at its outermost `|`."""
    parts, depth, in_class, at = [""], 0, False, 0
    while at < len(pattern):
        character = pattern[at]
        length = 2 if character == "\\" else 1
        if length == 1:
            if in_class:
                in_class = character != "]"
            elif character == "[":
                in_class = True
            else:
                depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "|" and not depth and not in_class:
            parts.append("")
        else:
            parts[-1] += pattern[at : at + length]
        at += length
    return parts


@pytest.mark.parametrize("kind", [*PRIVATE_KEYS, "PuTTY"])
def test_private_keys(kind: str) -> None:
    begin, end = private_key(kind)
    body = [made("<b64>", random.Random(kind)) for _ in range(3)]
    whole = "\n".join([*begin, *body, *end, "after"])
    for shown in (mask_text(whole), "\n".join(mask_lines(whole.split("\n")))):
        assert [line for line in body if line in shown] == []
        assert shown.endswith("after")
    broken = mask_text("\n".join([*begin, *body]))
    assert [line for line in body if line in broken] == []


@pytest.mark.parametrize(
    "line",
    [
        "password == hunter2", "if password == 'hunter2'", 'password != "hunter2"',
        "password := hunter2", "password => 'hunter2'", "password===hunter2",
        'password[0] = "hunter2"', "os.environ['PASSWORD'] = 'hunter2'", '"hunter2" == password',
        'password "hunter2";', "export PASSWORD='hunter2'", "x --password hunter2",
        "x --password=hunter2", 'x "--password", "hunter2"', "https://a/b?api_key=hunter2",
        "https://u:hunter2@a/b", "https://u:hun@ter/hunter2@a/b", "Authorization: Bearer hunter2",
        "curl -u me:hunter2 https://a", "Proxy-Authorization: hunter2", "Bearer hunter2hunter2",
        "Server=a;Password=hunter2;x=1", "AccountKey=hunter2", "?sv=1&sig=hunter2",
        "x --password -hunter2hunter2hunter2", "contraseña=hunter2", "PASSWORT=hunter2", "keypass=hunter2", "db_pw=hunter2",
    ],
)  # fmt: skip
def test_each_way_of_a_name_with_its_value(line: str) -> None:
    assert "hunter2" not in mask_text(line)
    assert "hunter2" not in mask_line(line)


@pytest.mark.parametrize(
    "name",
    [
        *("primary_key", "primaryKeys", "partition_key", "partition_keys", "join_keys", "join_key"),
        *("sort_key", "sort_keys", "sortKey", "foreign_key", "hash_key", "cache_key", "group_keys"),
        *("row_key", "PartitionKey", "RowKey", "index_key", "merge_keys", "lookup_key", "pw_type"),
        *("key_columns", "keyColumn", "key_cols", "key_fields"),
    ],
)
def test_columns_are_shown(name: str) -> None:
    assert not is_secret(name)
    lines = [f"{name}: customer_id", f"  --{name} customer_id", f"{name}=customer_id"]
    lines += [f"inputs: {{{name}: [a, b]}}", f"{name}:", "  - customer_id"]
    assert mask_lines(lines) == lines
    assert mask("inputs", {name: ["a", "b"]}) == {name: ["a", "b"]}


@pytest.mark.parametrize("name", ["api_key_column", "access_key_fields", "keys", "key_value"])
def test_keys_that_open_doors_are_no_columns(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "text",
    [
        'the input "token" is not known; did you mean "tokens"?', 'the key "hours" is missing',
        "azureml:nightly_score:3", "APACHESPARK is an engine", "0f3c9d2be17a4d5f8a6b0c1d2e3f405162738495",
        "2026-03-29T02:30:00+01:00", "/subscriptions/0f3c9d2b-e17a-4d5f-8a6b-0c1d2e3f4051/x",
        "a == b", 'x = "y"', "if [ $a == 1 ]", "name => value", "pass 1 of 2", "authorization is off",
    ],
)  # fmt: skip
def test_ordinary_text_is_shown(text: str) -> None:
    assert mask_text(text) == text
