"""Names under which values are secret: `db_password`, `apiKey`, `clientsecret`, `sas`.

Names of counts (`max_tokens`), of columns (`partition_keys`), of ways (`auth_mode`) and of public
keys are not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from unicodedata import normalize

MASK = "****"
"""What stands where a secret is not shown."""
MOST_OF_A_NAME = 256
"""Characters of a name that are looked at: no name that people give is longer."""

# Possessive: what is one word is never tried again as two.
_WORDS = re.compile(r"[A-Z]++(?![a-z])|[A-Z](?=[a-z])[a-z]++|[A-Z]|[a-z]++|[0-9]++")
_SECRET = frozenset(
    [
        *("password", "passwords", "passwd", "passwds", "pwd", "passphrase", "passphrases"),
        *("secret", "secrets", "token", "credential", "credentials", "sas", "jwt", "jwts"),
        *("connectionstring", "connectionstrings", "dsn", "dsns", "bearer", "passcode"),
        # In the languages in which they are met.
        *("contrasena", "contrasenas", "passwort", "kennwort", "senha", "senhas", "wachtwoord"),
    ]
)
# Words that say as often how something is done, or counted, as what it is done with.
_WEAK = frozenset(["pass", "pat", "pw", "auth", "authorization", "bearer", "jwt", "dsn"])
_HOW = frozenset(
    [
        *("type", "mode", "method", "kind", "scheme", "provider", "enabled", "required", "flow"),
        *("url", "uri", "endpoint", "host", "port", "server", "audience", "issuer", "algorithm"),
        *("rate", "rates", "count", "through", "threshold", "ratio", "mark", "number", "fraction"),
        *("percentage", "percent", "criteria", "version", "timeout", "level", "file", "name"),
    ]
)
_WHICH = frozenset(
    [
        *("n", "num", "max", "min", "first", "second", "third", "last", "single", "multi", "one"),
        *("two", "forward", "backward", "band", "low", "high", "full", "by", "no", "disable"),
        *("enable", "use", "skip", "require", "is", "has"),
    ]
)
_KEYS = frozenset(["key", "keys"])
# Of tables, of dictionaries, of messages: what a column is called, not what opens a door.
_COLUMNS = frozenset(
    [
        *("primary", "partition", "partitioning", "join", "sort", "sorting", "foreign", "group"),
        *("grouping", "hash", "index", "cache", "row", "natural", "surrogate", "composite"),
        *("candidate", "business", "merge", "range", "order", "ordering", "lookup", "routing"),
        *("cluster", "clustering", "distribution", "unique", "shard", "dedup", "dedupe", "entity"),
        *("deduplication", "event", "feature", "match", "matching", "dimension", "fact", "bucket"),
        *("object", "column", "record", "document", "json", "dict", "map", "label", "metric"),
    ]
)
_OF_TABLES = frozenset(["column", "columns", "col", "cols", "field", "fields"])
_COUNTS = frozenset(["max", "min", "num", "n", "total", "count", "limit", "per", "new"])
_OWNERS = (
    "access|account|admin|aes|amqp|api|app|application|auth|aws|azure|basic|bearer|bot|client|"
    "consumer|csrf|db|database|deploy|device|encryption|function|github|gitlab|google|hmac|host|id|"
    "identity|jwt|license|login|master|mysql|oauth|pg|postgres|private|proxy|redis|refresh|root|"
    "saml|sas|secret|server|service|session|shared|sharedaccess|signing|slack|smtp|snyk|sonar|sql|ssh|storage|"
    "subscription|user|vault|webhook"
)
_OWNER = frozenset(_OWNERS.split("|"))
# Words run together: `accesstoken`, `ACCOUNTKEY`, `dbpass`, and whatever ends in a password.
_TOGETHER = re.compile(
    rf"(?:{_OWNERS})(?:tokens?|secrets?|keys?|pass|pat|credentials?)\Z"
    r"|.{0,60}(?:passwords?|passwd|pwd|passphrase|secret|accesstoken|authtoken|apikey)\Z"
    r"|(?:tokens?|secrets?|pass)(?:keys?|phrase|word|code|value)\Z"
    r"|(?:key|store|trust)(?:store)?pass\Z"
)


# What stands for something else, which is masked where it is shown; and what is masked.
_VARIABLE = re.compile(
    r"[\"']?(?:\$\{\{[^{}]{0,200}+\}\}|\$[A-Z]+_[A-Z0-9_]+|\$\{[A-Z]+_[A-Z0-9_]+\})[\"']?|\*{4}[:.!?]?"
)


def is_variable(value: str) -> bool:
    """Whether a text is a variable, a binding or a mask: `$DB_PASSWORD`, `${{ inputs.x }}`."""
    return _VARIABLE.fullmatch(value) is not None


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a value under this name is masked."""
    name = name[-MOST_OF_A_NAME:]
    if not name.isascii():  # contraseña: without its accents
        name = normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = [word.lower() for word in _WORDS.findall(name)]
    if any(a == "connection" and b in ("string", "strings") for a, b in pairwise(words)):
        return True
    if "tokens" in words and not _COUNTS.intersection(words):
        return True
    return any(_is_secret_word(words, at) for at in range(len(words)))


def _is_secret_word(words: list[str], at: int) -> bool:
    word = words[at]
    before = words[at - 1] if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if word in _KEYS:
        if before == "public":
            return False
        is_column = before in _COLUMNS or after in _OF_TABLES
        return not is_column or not _OWNER.isdisjoint(words)
    if word in _WEAK:
        return before not in _WHICH and after not in _HOW
    return word in _SECRET or _TOGETHER.match(word) is not None
