"""What looks secret, and that it is shown nowhere."""

# ruff: noqa: E501, W293

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.masking import MASK, is_secret, mask, mask_line, mask_lines, mask_text


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


@pytest.mark.parametrize(
    "lines",
    [
        ["password: r:", "  hunter2"],
        ["{password: r, b:", "  hunter2 }"],
        ["a: 1-----BEGIN PRIVATE KEY-----hunter2, password: hunter2 }"],
        ["a: -----BEGIN PRIVATE KEY-----hunter2: hunter2", "hunter2", "-----END PRIVATE KEY-----"],
    ],
)
def test_masking_what_is_masked_changes_nothing(lines: list[str]) -> None:
    shown = mask_lines(lines)
    assert "hunter2" not in "\n".join(shown)
    assert mask_lines(shown) == shown


@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=40), max_size=8))
def test_mask_lines_of_anything(lines: list[str]) -> None:
    shown = mask_lines(lines)
    assert len(shown) == len(lines)
    if lines:
        under = mask_lines(["password:", *(f"  {line}" for line in lines)])
        assert all(line.strip() in ("", MASK) for line in under[1:])
