"""The words of a command: quotes, expansions, heredocs.

It reads a part of bash's language in which no expansion evaluates the content of a variable, and
raises Unclear at all else: arithmetic, subscripts, `${!name}`, `${text:$offset}`, `${text@P}` and
whatever else it does not know. So what it has read to the end, bash reads the same way.
"""

from __future__ import annotations

import re
from abc import abstractmethod

from reconciler.shell.notes import Document, Notes, Unclear, Word
from reconciler.shell.special_variables import NAME, holds_code, is_number_of_bash

_DEEPEST = 30
_RUN = re.compile(r"[^\s\\'\"`$|&;()<>*?\[\]{}]++")
_QUOTED_RUN = re.compile(r'[^"\\$`]++')
_BODY_RUN = re.compile(r"[^\\$`]++")
_OPERAND_RUN = re.compile(r"[^}'\"\\$`<>]++")
_VARIABLE = re.compile(rf"\$(?:({NAME})|[0-9@*#?$!-])")
_SPECIAL = re.compile(r"\$\{[@*#?$!-]\}")
_BRACE = re.compile(rf"\$\{{(#?)({NAME}|[0-9]++)(\[(?:[@*]|[0-9]++)\])?")
_PLACE = re.compile(r":[ ]*+-?[0-9]++(?::[ ]*+-?[0-9]++)?\}")
_OPERATOR = re.compile(r":?[-+=?]|##?|%%?|//?|\^\^?|,,?")
_HEREDOC = re.compile(
    r"""<<(?P<tabs>-?)[ \t]*+
        (?: '(?P<single>[^'\n]*+)' | "(?P<double>[^"\n\\$`]*+)"
          | (?P<escape>\\?)(?P<bare>[A-Za-z0-9_.+-]++) )(?=[\s;&|()<>]|\Z)""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"[ \t]++")


class Words:
    """A text and a place in it. `statements` is what reads commands (grammar.py)."""

    def __init__(self, text: str, notes: Notes, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise Unclear("it nests too deeply")
        self.text = text
        self.notes = notes
        self.depth = depth
        self.at = 0
        self._waiting: list[tuple[re.Match[str], Document]] = []
        """Heredocs whose bodies come after this line."""

    @abstractmethod
    def statements(self, ends: frozenset[str] = frozenset()) -> str:
        """Read commands up to one of `ends`, `)` or the end; which it was."""

    def nested(self, code: str) -> None:
        """Read `code` as commands."""
        inner = type(self)(code, self.notes, self.depth + 1)
        if inner.statements():
            raise Unclear("its parentheses do not match")

    def peek(self, length: int = 1) -> str:
        """The next characters; fewer at the end."""
        return self.text[self.at : self.at + length]

    # --------------------------------------------------------------------------------------- blanks

    def skip_blanks(self) -> None:
        """Go on to what is no blank; a line that is continued goes on."""
        while True:
            if (blanks := _BLANKS.match(self.text, self.at)) is not None:
                self.at = blanks.end()
            elif self.peek(2) == "\\\n" and (self.at == 0 or self.text[self.at - 1] in " \t\n"):
                self._no_heredoc_here()
                self.at += 2
            else:
                break
        if self.peek() == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end

    def skip_lines(self) -> None:
        """Go on to what is neither a blank nor the end of a line."""
        self.skip_blanks()
        while self.peek() == "\n":
            self.at += 1
            self._bodies()
            self.skip_blanks()

    # ---------------------------------------------------------------------------------------- words

    def word(self) -> Word:
        """The next word; an empty one where none begins."""
        word, start = Word(), self.at
        while (character := self.peek()) and character not in " \t\n|&;()":
            if character in "<>":
                if not (self.at == start and self.peek(2) in ("<(", ">(")):
                    break
                self._no_heredoc_here()
                self.at += 2
                self._commands()
                word.expand(single=True)
            elif (run := _RUN.match(self.text, self.at)) is not None:
                word.add(run[0])
                self.at = run.end()
            elif character == "\\" and self.peek(2) == "\\\n":
                # Within a word it would glue two parts together, maybe to `$(`.
                after = self.text[self.at + 2 : self.at + 3]
                if self.at == start or after not in ("", " ", "\t", "\n"):
                    raise Unclear("a word goes over the end of a line")
                self._no_heredoc_here()
                self.at += 2
                break
            else:
                self._piece(character, word)
        word.raw = self.text[start : self.at]
        return word

    def _piece(self, character: str, word: Word) -> None:
        start = self.at
        if character == "\\":
            if len(self.peek(2)) < 2:
                raise Unclear("it ends in a backslash")
            word.add(self.text[self.at + 1])
            self.at += 2
        elif character == "'":
            end = self.text.find("'", self.at + 1)
            if end < 0:
                raise Unclear("a quote is not closed")
            word.add(self.text[self.at + 1 : end])
            self.at = end + 1
        elif character == '"':
            self.at += 1
            self._double(word)
        elif character == "$":
            self._dollar(word, quoted=False)
        elif character == "`":
            self._backticks(word, quoted=False)
        else:
            # A pattern or braces: one word can become several.
            if character in "*?[" or (character == "{" and self.peek(2) != "{}"):
                word.single = False
            word.add(character)
            self.at += 1
        if self._waiting and "\n" in self.text[start : self.at]:
            raise Unclear("a heredoc begins on a line that goes on")

    def _double(self, word: Word) -> None:
        while (character := self.peek()) != '"':
            if (run := _QUOTED_RUN.match(self.text, self.at)) is not None:
                word.add(run[0])
                self.at = run.end()
            elif character == "\\":
                self._escape(word, '"')
            elif character == "$":
                self._dollar(word, quoted=True)
            elif character == "`":
                self._backticks(word, quoted=True)
            else:
                raise Unclear("a quote is not closed")
        self.at += 1

    def _escape(self, word: Word, quote: str) -> None:
        """A backslash in double quotes or in a heredoc."""
        after = self.text[self.at + 1 : self.at + 2]
        if after == "\n" and (quote != '"' or self.text[self.at - 1] in "$\\"):
            raise Unclear("a word goes over the end of a line")
        if after != "\n":
            word.add(after if after in ("$", "`", "\\", quote) else "\\" + after)
        self.at += 2

    # ----------------------------------------------------------------------------------- expansions

    def _dollar(self, word: Word, *, quoted: bool) -> None:
        if self.peek(3) == "$((":
            raise Unclear("arithmetic")
        if self.peek(2) == "$[":
            raise Unclear("arithmetic")
        if self.peek(2) == "$(":
            self._no_heredoc_here()
            self.at += 2
            self._commands()
            word.expand(single=quoted)
        elif self.peek(2) == "${":
            self._brace(word, quoted=quoted)
        elif (variable := _VARIABLE.match(self.text, self.at)) is not None:
            word.expand(single=quoted and variable[0] != "$@")
            if variable[1] in self.notes.holders:
                word.holders.add(variable[1])
            self.at = variable.end()
        elif self.peek(2) in ("$'", '$"') and not quoted:
            if self.peek(2) == '$"':
                raise Unclear("a text is translated")
            self._ansi(word)
        elif self.peek(2) == "$\\":
            raise Unclear("a dollar sign stands before a backslash")
        else:
            word.add("$")
            self.at += 1

    def _ansi(self, word: Word) -> None:
        self.at += 2
        while (character := self.peek()) != "'":
            if not character:
                raise Unclear("a quote is not closed")
            self.at += 2 if character == "\\" else 1
        self.at += 1
        word.expand(single=True)

    def _commands(self) -> None:
        """`$(...)` and `<(...)`, after their parenthesis."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unclear("it nests too deeply")
        if self.statements() != ")":
            raise Unclear("its parentheses do not match")
        self._no_heredoc_here()
        self.depth -= 1

    def _backticks(self, word: Word, *, quoted: bool) -> None:
        end = self.text.find("`", self.at + 1)
        code = self.text[self.at + 1 : end]
        if end < 0 or "\\" in code:
            raise Unclear("backticks with a backslash")
        self._no_heredoc_here()
        self.nested(code)
        self.at = end + 1
        word.expand(single=quoted)

    def _brace(self, word: Word, *, quoted: bool) -> None:
        if (special := _SPECIAL.match(self.text, self.at)) is not None:
            self.at = special.end()
            word.expand(single=quoted and special[0] != "${@}")
            return
        start = _BRACE.match(self.text, self.at)
        if start is None:
            raise Unclear("an expansion that reads a name from a variable, or is not known")
        name = start[2]
        word.expand(single=quoted and start[3] != "[@]")
        if name in self.notes.holders:
            word.holders.add(name)
        self.at = start.end()
        if self.peek() == "}":
            self.at += 1
        elif start[1]:
            raise Unclear("an expansion that is not known")
        elif (operator := _OPERATOR.match(self.text, self.at)) is not None:
            self.at = operator.end()
            operand = Word()
            self.depth += 1
            if self.depth > _DEEPEST:
                raise Unclear("it nests too deeply")
            self._operand(operand, quoted=quoted)
            self.depth -= 1
            word.holders |= operand.holders
            word.single = word.single and operand.single
            if operator[0] not in _TEXT_OPERATORS:
                self.notes.restrict(
                    operand, f"a pattern or assignment, ${{{name}{operator[0]}...}}"
                )
            if "=" in operator[0]:
                self.assigned(name, operand)
        elif (place := _PLACE.match(self.text, self.at)) is not None:
            self.at = place.end()
        else:
            raise Unclear("a subscript or an offset, which is arithmetic")

    def _operand(self, operand: Word, *, quoted: bool) -> None:
        while (character := self.peek()) != "}":
            if (run := _OPERAND_RUN.match(self.text, self.at)) is not None:
                self.at = run.end()
            elif character == "$":
                self._dollar(operand, quoted=quoted)
            elif character == "`":
                self._backticks(operand, quoted=quoted)
            elif quoted or not character or character in "<>" or self.peek(2) == "\\\n":
                raise Unclear("quotes within an expansion")
            else:
                self._piece(character, operand)
        self.at += 1

    def assigned(self, name: str, value: Word) -> None:
        """`value` becomes the content of the variable `name`."""
        if holds_code(name):
            self.notes.refuse(name)
        if is_number_of_bash(name) and value.literal is None:
            raise Unclear(f"{name}, which is a number")

    # ------------------------------------------------------------------------------------- heredocs

    def heredoc(self) -> Document:
        """The beginning of a heredoc, `<<WORD`."""
        found = _HEREDOC.match(self.text, self.at)
        if found is None:
            raise Unclear("the end of a heredoc is not known")
        self.at = found.end()
        document = Document()
        self._waiting.append((found, document))
        return document

    def _no_heredoc_here(self) -> None:
        if self._waiting:
            raise Unclear("a heredoc begins on a line that goes on")

    def _bodies(self) -> None:
        waiting, self._waiting = self._waiting, []
        for found, document in waiting:
            word = next(
                found[name] for name in ("bare", "single", "double") if found[name] is not None
            )
            tabs = r"\t*+" if found["tabs"] else ""
            end = re.compile(rf"^{tabs}{re.escape(word)}$", re.MULTILINE).search(self.text, self.at)
            if end is None:
                raise Unclear("a heredoc is not ended")
            if found["bare"] is not None and not found["escape"]:
                body = type(self)(self.text[self.at : end.start()], self.notes, self.depth + 1)
                document.holds = body.expands()
            self.at = min(end.end() + 1, len(self.text))

    def expands(self) -> bool:
        """Read the whole text as the body of a heredoc; whether anything is expanded in it."""
        word = Word()
        while character := self.peek():
            if (run := _BODY_RUN.match(self.text, self.at)) is not None:
                self.at = run.end()
            elif character == "\\":
                self._escape(word, "")
            elif character == "$":
                self._dollar(word, quoted=True)
            else:
                self._backticks(word, quoted=True)
        return word.literal is None

    def finish(self) -> None:
        """The end of the text is reached."""
        if self._waiting:
            raise Unclear("a heredoc is not ended")


_TEXT_OPERATORS = frozenset({"-", ":-", "+", ":+", "?", ":?"})
"""Those whose operand is a text, not a pattern."""
