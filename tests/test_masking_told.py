"""Passwords that commands, sentences, markup and encodings give away, and ordinary ones that do not."""

# ruff: noqa: E501

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from pathlib import Path

import pytest
from helpers import ROOT

from reconciler.masking import MASK, mask, mask_lines, mask_text

SECRET = "hunt3rXq"
_BASIC = base64.b64encode(f"user:{SECRET}".encode()).decode()
_JSON = json.dumps({"password": SECRET})
_QUOTED = urllib.parse.quote

COMMANDS = [
    "sshpass -p S ssh h", "sshpass -pS ssh h", "sshpass -p 'S;x' ssh h", "docker login -u me -p S h",
    "sudo docker login -p S", "podman login -p S", "helm registry login -u u -p S h", "az login -u a -p S",
    "mysql -u root -pS db", "mysqldump -pS db", "/usr/bin/mysql -uroot -p'S' db", "curl -u user:S h",
    "curl -uuser:S h", "curl -su user:S h", "curl --user 'user:S' h", "wget --password=S", "http -a me:S h",
    "redis-cli -a S", "sqlcmd -S h -U sa -P S -Q x", "sqlcmd -PS", "bcp t in f -U sa -P S", "mongosh -p S",
    "mongo -pS", "ldapsearch -D cn -w S", "smbclient -U me%S //h/s", "lftp -u me,S h", "zip -P S a.zip f",
    "openssl enc -aes256 -k S", "openssl rsa -passin pass:S", "openssl enc -pass pass:S", "unzip -P S a",
    "7z x -pS a.7z", "az acr login -p S", "echo S | docker login --password-stdin", "echo 'S' | sudo -S ls",
    "printf '%s' S | gh auth login --with-token", "gh auth login --with-token <<< S", "vault login S",
    "wandb login S", "wandb login --relogin S", "az keyvault secret set -n x --value S", "xfreerdp /p:S",
    "aws configure set aws_secret_access_key S", "npm config set //r/:_authToken S", "setx API_KEY S",
    "kubectl create secret generic x --from-literal=foo=S", "twine upload -u me -p S d", "set API_KEY S",
    "databricks secrets put --scope a --key b --string-value S", "ENV API_KEY S", "sqlplus scott/S@db",
    "cd /x && sshpass -p S ssh h; ls", "keytool -storepass S -keypass x", "tool /password:S", "tool --password:S",
    "java -Ddb.password=S", "tool -Password S", "helm install --set db.password=S", "PASSWORD+=S",
    "docker login -u me -pS", "docker login -p=S",
]  # fmt: skip
SENTENCES = [
    "secret: S", "the secret: S", "the password is S", "password is 'S'", "Passphrase: S", "API key: S",
    "api key is S", "Access Key: S", "token: S", "my password: S", "login with password S", "Password for bob: S",
    "user admin password S", "machine h login u password S", "credentials: me/S", "credentials: me:S",
    "requirepass S", "Cookie: session=S", "Set-Cookie: sid=S; Path=/", "Ocp-Apim-Subscription-Key: S",
    "Authorization: ApiKey S", "Authorization: Token S", "CREATE USER x WITH PASSWORD 'S'",
    "Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=S",
    "identified by 'S'", "ALTER USER x IDENTIFIED BY S;", "u:S@h.example.com:5432/db",
]  # fmt: skip
CONNECTIONS = [
    "Driver={ODBC Driver 18};Server=x;Uid=sa;Pwd={a;S};", "Server=x;Pwd=a bS;Db=y", 'Server=x;Password="a;S";D=1',
    "jdbc:sqlserver://h;user=a;password=S", "jdbc:oracle:thin:scott/S@//h:1521/s", "redis://:S@h:6379/0",
    "jdbc:mysql://h/db?user=a&password=S", "mongodb+srv://u:S@h/db", "sqlite:///x?key=S",
]  # fmt: skip
MARKUP = [
    "<password>S</password>", '<add key="Password" value="S"/>', "<property name='db.password'>S</property>",
    '{"key": "password", "value": "S"}', '{"name":"DB_PASSWORD","value":"S"}', 'password=\\"S\\"',
    "('password', 'S')", "os.environ.setdefault('API_KEY', 'S')", "{'Authorization': f'token S'}",
    '{\\"password\\": \\"S\\"}', "password=`S`", "password \uff1d S", "password\u00a0=\u00a0S",
]  # fmt: skip
ENCODED = [
    json.dumps(_JSON), json.dumps(json.dumps(_JSON)), _QUOTED(_JSON), _QUOTED(f"a=1&password={SECRET}"),
    _QUOTED(_QUOTED(f"password={SECRET}")), "password\\u003dS", "password&#61;S",
    f"Authorization%3A%20Basic%20{_BASIC}", f"Authorization: Basic {_BASIC}", f"basic {_BASIC}",
    f"auths: {base64.b64encode(_JSON.encode()).decode()}",
    f"x {base64.urlsafe_b64encode(f'https://u:{SECRET}@example.com/'.encode()).decode()} y",
]  # fmt: skip


@pytest.mark.parametrize("line", [*COMMANDS, *SENTENCES, *CONNECTIONS, *MARKUP])
def test_it_is_not_shown(line: str) -> None:
    _is_hidden(_S.sub(SECRET, line), SECRET)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_command_of_several_lines(end: str) -> None:
    text = f"mysql -u root \\{end}  -p{SECRET} \\{end}  db"
    assert mask_text(text) == text.replace(SECRET, MASK)
    ended = f"mysql -u root{end}-p{SECRET}"
    assert mask_text(ended) == ended


@pytest.mark.parametrize("line", ENCODED)
def test_nor_is_what_is_written_in_another_way(line: str) -> None:
    longest = max(line.split(), key=len)
    _is_hidden(
        line, SECRET if SECRET in line else longest.removeprefix("Authorization%3A%20Basic%20")
    )


_S = re.compile(r"(?<![A-Z-])S(?![A-Za-z])(?!-S)|(?<=-[pP])S(?![A-Za-z])")
"""Where the secret stands."""


def _is_hidden(line: str, secret: str) -> None:
    assert secret in line
    for shown in (mask_text(line), mask("value", line), *mask_lines([f"command: {line}"])):
        assert MASK in shown
        assert secret not in shown
        assert mask_text(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "mkdir -p out", "docker run -p 8080:80 image", "tar -p x", "python train.py -p 3",
        "the password is not set", "password is required", "the secret is missing", "token is invalid",
        "basic authentication is off", "Basic settings", "set learning_rate 0.1", "curl -u $USER h",
        "a password of the account is asked for", "http 404 -a", "echo done | tee log", "ssh -p 22 h",
        "docker login --username me", "mysql -u root -p db", "a: {b: c} <d>e</d>", "zip -r a.zip f",
        "password ${{ inputs.x }}", "sshpass -p $SSH_PASSWORD ssh h",
        "100%25 of a%20b", "aGVsbG8gd29ybGQgaG93IGFyZSB5b3U=", "azureml:image:1@sha256:1abc",
        "author:bob@example.com", "2026-01-01T00:00:00Z: key 12 of 40", "identified by its name",
    ],
)  # fmt: skip
def test_ordinary_text_is_shown(text: str) -> None:
    assert mask_text(text) == text


def test_the_documents_are_shown() -> None:
    """None of the words of the README and the documents, but for what they show of masks."""
    masked = [
        (path.name, line, shown)
        for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
        for line in path.read_text("utf-8").split("\n")
        if (shown := mask_text(line)) != line
    ]
    assert [one for one in masked if not _is_meant(one[1])] == []


def test_the_samples_of_azure_are_shown() -> None:
    folder = ROOT.parent / "shared" / "corpus"
    if not folder.is_dir():
        pytest.skip("needs the samples beside this repository, in ../shared/corpus")
    lines = [one for path in sorted(folder.rglob("*.y*ml")) for one in _shown(path)]
    assert [line for line, _ in lines if not _is_meant(line)] == []


def _shown(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text("utf-8").split("\n")
    return [(a, b) for a, b in zip(lines, mask_lines(lines), strict=True) if a != b]


def _is_meant(line: str) -> bool:
    """Whether a secret name is on the line, so that what follows it is masked by rights."""
    words = (
        "password",
        "secret",
        "token",
        "key",
        "connection",
        "sig=",
        "credential",
        "://",
        "sas",
        "auth=",
    )
    return any(word in line.lower() for word in words)
