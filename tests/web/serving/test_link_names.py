"""A link that says a name too is printed whole, whatever it is: the log masks what looks secret."""

from __future__ import annotations

import time

from reconciler.masking import mask_text
from reconciler.web.tokens import Tokens


def test_no_link_is_masked() -> None:
    tokens, now = Tokens("full-" + "t" * 32, "read-" + "r" * 32), time.time()
    for number in range(2000):
        name = f"ana{number}@machine"
        code = tokens.new_link(now, name=name)
        address = f"http://127.0.0.1:8766/login?code={code}"
        assert mask_text(address) == address
        found = tokens.read_link(code, now)
        assert found is not None
        assert found.name == name
        assert tokens.read_link(code.replace("!", "!A"), now) is None


def test_a_link_of_a_name_that_looks_like_a_credential_is_made() -> None:
    tokens, now = Tokens("full-" + "t" * 32), time.time()
    name = "password=hunter2secretvalue"
    found = tokens.read_link(tokens.new_link(now, name=name), now)
    assert found is not None
    assert found.name == name


def test_a_session_without_a_name_has_none() -> None:
    tokens, now = Tokens("full-" + "t" * 32), time.time()
    for name, said in ((None, None), ("", None), ("\N{SNOWMAN}" * 200, "\N{SNOWMAN}" * 100)):
        found = tokens.read_session(tokens.new_session("write", now, name), now)
        assert found is not None
        assert found.name == said
