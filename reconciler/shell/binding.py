"""A command with `${{...}}` in it -> shell text that no value can break out of. Pure.

Values never become part of the text: each is put into an environment variable, and its binding
becomes the expansion of that variable, quoted as its place in the command asks for. A shell does
not parse what an expansion yields, so a value is one word, whatever is in it. The text is the same
for all values: reading a place wrongly may split a value into words, but never runs it.

Where bash evaluates the content of variables again, that does not help: `assess` (scanner.py) reads
the text that is made here, and says which values may be any text. One pass, linear in the length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

BINDING = re.compile(r"\$\{\{\s*+((?:[^{}\s]++|\s++(?!\}\}))*+)\s*+\}\}")
"""`${{ inputs.x }}`; group 1 is what is inside, without blanks around it."""
LONGEST_COMMAND = 64 * 1024
"""Bytes of UTF-8 that a command may have."""
_DEEPEST = 30
"""How many heredocs may stand in one another."""
_HEREDOC = re.compile(
    r"""<<(?P<tabs>-?+)[ \t]*+(?P<word>(?:'[^'\n]*+'|"[^"\n]*+"|\\[^\n]|[\w.+-])++)"""
)
_UNQUOTED = re.compile(r"""'([^'\n]*+)'|"([^"\n]*+)"|\\([^\n])""")
_PARENTHESIS = re.compile(r"[()]")
_BEFORE_A_COMMAND = frozenset("\n;&|({!)`")
_KEYWORDS_BEFORE_A_COMMAND = frozenset({"do", "else", "elif", "if", "then", "until", "while"})
_LONGEST_KEYWORD = 5

VariableOf = Callable[[str], str | None]
"""The inside of a binding, `inputs.x` -> the environment variable that holds its value; None where
an optional input has no value."""


def bind(command: str, variable_of: VariableOf) -> str:
    """`command` with each binding as a quoted expansion.

    `$[[ ... ]]`, Azure's mark for an optional part, is left out when a binding in it has no value.
    A binding after a backslash is text.
    """
    command = _without_absent(command, variable_of)
    return _Reader(command, variable_of, "plain").read()


def is_left_open(command: str) -> bool:
    """Whether a `${{` of it begins no binding where a shell expands: no shell reads that."""
    if "${{" not in command:
        return False
    reader = _Reader(command, lambda _: "x", "plain")
    reader.read()
    return reader.left_open


def is_too_long(command: str) -> bool:
    """Whether it has more than LONGEST_COMMAND bytes."""
    return len(command.encode("utf-8", "surrogatepass")) > LONGEST_COMMAND


def _without_absent(command: str, variable_of: VariableOf) -> str:
    """`command` with its `$[[ ... ]]` taken out, or their marks alone."""
    parts: list[str] = []
    position = 0
    while (start := command.find("$[[", position)) >= 0:
        end = command.find("]]", start + 3)
        if end < 0:
            break
        parts += [command[position:start], _optional(command[start + 3 : end], variable_of)]
        position = end + 2
    return "".join(parts) + command[position:]


def _optional(part: str, variable_of: VariableOf) -> str:
    absent = any(variable_of(match[1]) is None for match in BINDING.finditer(part))
    return "" if absent else part


@dataclass(frozen=True, slots=True)
class _Heredoc:
    """One whose body comes after the line that is being read."""

    index: int
    """Where its `<<WORD` is in what was put out."""
    tabs: str
    word: str
    quoted: bool


class _Reader:
    """One pass over a command that knows, at each binding, what it stands in."""

    def __init__(self, text: str, variable_of: VariableOf, context: str, depth: int = 0) -> None:
        self._text = text
        self._depth = depth
        self._closing = _closings(text)
        self._variable_of = variable_of
        self._position = 0
        self._out: list[str] = []
        # plain, double, single, ansi ($'...'), comment, back (`...`), brace (${...}), quoted brace
        # (in double quotes), arithmetic, group (parentheses in it), case, heredoc (its body)
        self._stack = [context]
        self._backs: list[int] = []
        """Where in the stack the `...` are."""
        self._heredocs: list[_Heredoc] = []
        self._word_starts = True
        self.left_open = False
        """Whether a `${{` was met that begins no binding."""

    def read(self) -> str:
        while self._position < len(self._text):
            self._step(self._stack[-1])
        return "".join(self._out)

    def _step(self, context: str) -> None:
        binding = BINDING.match(self._text, self._position)
        if binding is not None:
            self._put(len(binding[0]), _expansion(self._variable_of(binding[1]), context))
            return
        character = self._text[self._position]
        if character == "\\" and context not in ("single", "comment"):
            self._put(2)
        elif character == "`" and self._backs:
            # A shell looks for the end of `...` before it looks at the quotes inside.
            del self._stack[self._backs.pop() :]
            self._put(1)
        elif context in ("single", "ansi"):
            self._put(1, pop=character == "'")
        elif context == "comment":
            if character == "\n":
                self._stack.pop()
            else:
                self._put(1)
        elif context in ("double", "quoted brace", "heredoc"):
            self._quoted(context, character)
        else:
            self._plain(context, character)

    def _quoted(self, context: str, character: str) -> None:
        if character == '"' and context != "heredoc":
            self._put(1, pop=context == "double", push="double" if context != "double" else None)
        elif character == "}" and context == "quoted brace":
            self._put(1, pop=True)
        elif character == "`":
            self._put(1, push="back")
        elif not self._substitution("quoted brace"):
            self._put(1)

    def _plain(self, context: str, character: str) -> None:
        if character == "#" and self._word_starts and context in ("plain", "case", "back"):
            self._put(1, push="comment")
        elif character in "'\"`":
            self._put(1, push={"'": "single", '"': "double", "`": "back"}[character])
        elif self._text.startswith("$'", self._position):
            self._put(2, push="ansi")
        elif self._substitution("brace"):
            pass
        elif character == "(":
            self._open("(", "group" if context in ("arithmetic", "group") else "plain")
        elif character == ")":
            # That of a pattern in `case` closes nothing.
            closes = context in ("plain", "arithmetic", "group") and len(self._stack) > 1
            self._put(2 if context == "arithmetic" else 1, pop=closes)
        elif character == "}" and context == "brace":
            self._put(1, pop=True)
        elif character == "\n" and self._heredocs:
            self._put(1)
            self._bodies()
        elif character == "<" and context in ("plain", "case", "back"):
            self._less()
        elif self._word_starts and self._is_command("case"):
            self._put(4, push="case")
        elif self._word_starts and context == "case" and self._is_command("esac"):
            self._put(4, pop=True)
        else:
            self._put(1)

    def _substitution(self, brace: str) -> bool:
        """Read the beginning of `$(...)`, `$((...))` or `${...}`, if it is one."""
        if self._text.startswith("$(", self._position):
            self._open("$(", "plain")
            return True
        if self._text.startswith("${", self._position):
            self.left_open = self.left_open or self._text.startswith("{", self._position + 2)
            self._put(2, push=brace)
            return True
        return False

    def _open(self, opening: str, context: str) -> None:
        after = self._position + len(opening)
        # `((...))`: a second parenthesis opens here, and both are closed together.
        if context == "plain" and self._text.startswith(
            "))", self._closing.get(after, len(self._text))
        ):
            self._put(len(opening) + 1, push="arithmetic")
        else:
            self._put(len(opening), push=context)

    def _is_command(self, word: str) -> bool:
        """Whether `word` comes next, where a command begins."""
        if not re.compile(rf"{word}(?![\w-])").match(self._text, self._position):
            return False
        end = self._position
        while end and self._text[end - 1] in " \t":
            end -= 1
        if not end or self._text[end - 1] in _BEFORE_A_COMMAND:
            return True
        before = self._text[max(0, end - _LONGEST_KEYWORD - 1) : end].split()
        return bool(before) and before[-1] in _KEYWORDS_BEFORE_A_COMMAND

    def _less(self) -> None:
        heredoc = _HEREDOC.match(self._text, self._position)
        if heredoc is None:
            self._put(3 if self._text.startswith("<<<", self._position) else 1)
            return
        word = _UNQUOTED.sub(lambda quote: "".join(quote.groups("")), heredoc["word"])
        quoted = word != heredoc["word"]
        self._heredocs.append(_Heredoc(len(self._out), heredoc["tabs"], word, quoted))
        self._put(len(heredoc[0]))

    def _bodies(self) -> None:
        """Read the heredocs that the line before has announced."""
        for heredoc in self._heredocs:
            tabs = r"\t*" if heredoc.tabs else ""
            end = re.compile(rf"^{tabs}{re.escape(heredoc.word)}$", re.MULTILINE).search(
                self._text, self._position
            )
            stop = end.start() if end is not None else len(self._text)
            body = self._text[self._position : stop]
            if heredoc.quoted and BINDING.search(body):
                # Nothing is expanded in it: made into one that expands the bindings alone.
                word = _plain_word(heredoc.word, body)
                self._out[heredoc.index] = f"<<{heredoc.tabs}{word}"
                self._out += [self._literal(body), word]
            else:
                if not heredoc.quoted:
                    body = self._expanded(body)
                self._out += [body, end[0] if end is not None else ""]
            self._position = end.end() if end is not None else stop
        self._heredocs.clear()

    def _expanded(self, body: str) -> str:
        if self._depth < _DEEPEST:
            inner = _Reader(body, self._variable_of, "heredoc", self._depth + 1)
            expanded = inner.read()
            self.left_open = self.left_open or inner.left_open
            return expanded
        return BINDING.sub(lambda match: _expansion(self._variable_of(match[1]), "heredoc"), body)

    def _literal(self, body: str) -> str:
        parts = BINDING.split(body)
        parts[::2] = [re.sub(r"[\\$`]", r"\\\g<0>", part) for part in parts[::2]]
        parts[1::2] = [_expansion(self._variable_of(name), "heredoc") for name in parts[1::2]]
        return "".join(parts)

    def _put(
        self, length: int, text: str | None = None, *, push: str | None = None, pop: bool = False
    ) -> None:
        """Go on by `length`, and put out `text`, or what was read."""
        read = self._text[self._position : self._position + length]
        self._out.append(read if text is None else text)
        self._position += length
        self._word_starts = push in _NEW or (len(read) == 1 and (read.isspace() or read in ";&|()"))
        if pop:
            self._stack.pop()
        if push is not None:
            if push == "back":
                self._backs.append(len(self._stack))
            self._stack.append(push)


def _plain_word(word: str, body: str) -> str:
    """`word` without what needs quotes, and such that no line of `body` is it."""
    plain = re.sub(r"\W", "_", word) or "EOF"
    lines = {line.lstrip("\t") for line in body.split("\n")}
    while plain in lines:
        plain += "_"
    return plain


_NEW = frozenset({"plain", "back"})
"""What begins with a new word."""


def _closings(text: str) -> dict[int, int]:
    """Of each parenthesis that opens, where it is closed; quotes are not looked at."""
    found: dict[int, int] = {}
    open_: list[int] = []
    for match in _PARENTHESIS.finditer(text):
        if match[0] == "(":
            open_.append(match.start())
        elif open_:
            found[open_.pop()] = match.start()
    return found


def _expansion(variable: str | None, context: str) -> str:
    value = "" if variable is None else f"${{{variable}}}"
    if context in ("double", "quoted brace", "heredoc", "arithmetic", "group"):
        return value
    if context in ("single", "ansi"):
        return f"'\"{value}\"{'$' if context == 'ansi' else ''}'"
    return f'"{value}"'
