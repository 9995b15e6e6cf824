"""detect-secrets, which keeps credentials out of repositories, as the judge of what is masked.

What it flags in a line must not stand in the line that is shown. Left out are what it takes for
secret without a shape: text of high entropy (a commit is that, too), and public addresses.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from dataclasses import dataclass

import pytest
from credentials import CARRIERS, PRIVATE_KEYS, SHAPES, json_web_token, made, private_key
from judges import BIN

from reconciler.masking import mask_lines

_PROGRAM = """
import json, sys
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
without = ("Base64 High Entropy String", "Hex High Entropy String", "Public IP (ipv4)")
plugins = [
    kind() for name, kind in get_mapping_from_secret_type_to_class().items() if name not in without
]
json.dump(
    [
        [
            [found.type, found.secret_value]
            for plugin in plugins
            for found in plugin.analyze_line(filename="a.yaml", line=line)
        ]
        for line in json.load(sys.stdin)
    ],
    sys.stdout,
)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What the judge takes for a secret, and why."""

    kind: str
    secret: str


def judged(lines: list[str]) -> list[list[Found]]:
    """What detect-secrets finds in each line of a YAML file."""
    python = BIN / "python"
    if not (BIN / "detect-secrets").exists():
        pytest.skip("detect-secrets is not among the judges that are installed (make judges)")
    done = subprocess.run(
        [str(python), "-c", _PROGRAM],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    return [[Found(*found) for found in line] for line in json.loads(done.stdout)]


NAMES = (
    *("api_key", "apikey", "auth_key", "authkey", "service_key", "account_key", "db_key"),
    *("database_key", "priv_key", "private_key", "client_key", "db_pass", "database_pass"),
    *("key_pass", "keypass", "password", "passwd", "pwd", "secret", "client_secret", "dbPassword"),
    *("contraseña", "contrasena", "cloudant_key", "cl_pw", "ibm_cloud_iam_key", "iam_token"),
    *("softlayer_key", "sl_api_key", "secret_access_key", "cos_hmac_secret_access_key"),
    *("aws_secret_access_key", "aws_key", "aws_pw", "AWS_PASS", "my_password_secure"),
)
NAMED = (
    *("{}: {}", '{}: "{}"', "{} : '{}'", '"{}": "{}"', "'{}': '{}'", "{}: {} # of old"),
    *("{{{}: {}}}", "a: {{{}: '{}'}}", "{}={}", '{} = "{}"', "export {}={}", "- {}={}", "{}:={}"),
    *("--{}={}", "run --{} {}", '{} == "{}"', '"{1}" == {0}', "{} != '{}'", "{} => '{}'"),
    *('{}[0] = "{}"', '{}["x"] = "{}"', '{} "{}";'),
)
VALUES = ("<w16>", "<l64>", "<h48>", "<w1><_43>", "<b40>", "<l24>", "<w8>!<w4>")


_UNKNOWN_TO_THE_JUDGE = ("ENCRYPTED PRIVATE KEY",)


def _lines(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        for template in SHAPES.values():
            found.append(chance.choice(CARRIERS).format(made(template, chance)))
        found.append(chance.choice(CARRIERS).format(json_web_token(chance)))
        found += [
            form.format(name, made(chance.choice(VALUES), chance))
            for name in NAMES
            for form in NAMED
        ]
    return found


def _agrees(count: int, seed: int) -> None:
    lines = _lines(count, seed)
    flagged: Counter[str] = Counter()
    shown_all_the_same = []
    for line, found in zip(lines, judged(lines), strict=True):
        shown = mask_lines([line])[0]
        flagged.update(one.kind for one in found)
        # `"xPWDx" == account_key`: chance has made the value a name, and the name its value.
        secrets = [one for one in found if one.secret not in NAMES]
        shown_all_the_same += [(one.kind, line) for one in secrets if one.secret in shown]
    assert shown_all_the_same == []
    # Every detector that has a shape has found some, or nothing would have been judged.
    assert len(flagged) > 18, flagged
    assert sum(flagged.values()) > 300 * count


def test_what_the_judge_flags_is_not_shown() -> None:
    _agrees(1, 20260101)


@pytest.mark.torture
def test_what_the_judge_flags_of_more_is_not_shown() -> None:
    _agrees(60, random.SystemRandom().randrange(1 << 32))


@pytest.mark.parametrize("kind", [*PRIVATE_KEYS, "PuTTY"])
def test_private_keys(kind: str) -> None:
    """Their first line is what the judge flags; it may be shown, and the rest may not."""
    body = [made("<b64>", random.Random(kind)) for _ in range(3)]
    begin, end = private_key(kind)
    lines = ["key_file: |", *(f"  {line}" for line in [*begin, *body, *end]), "name: a"]
    flagged = any(found.kind == "Private Key" for line in judged(lines) for found in line)
    assert flagged or kind in _UNKNOWN_TO_THE_JUDGE
    for start in (0, 1):  # below a secret name or not
        shown = "\n".join(mask_lines(["text: |", *lines[1:]] if start else lines))
        assert [line for line in body if line in shown] == []
        assert shown.endswith("name: a")
