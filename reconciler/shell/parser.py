"""The commands of a script: lists, compound commands, simple commands and their redirections."""

from __future__ import annotations

import re

from reconciler.shell.lexer import Words
from reconciler.shell.notes import Document, Unclear, Word
from reconciler.shell.programs import Call, judge
from reconciler.shell.special_variables import NAME, chooses_code

_OPENING = ("if", "while", "until", "for", "case", "function", "select", "coproc", "time", "!")
_CLOSING = ("then", "elif", "else", "fi", "do", "done", "esac", "in", "}")
_RESERVED = frozenset({*_OPENING, *_CLOSING, "{", "[["})
_KEYWORD = re.compile(
    rf"(?:{'|'.join(map(re.escape, sorted(_RESERVED, key=len, reverse=True)))})"
    r"(?=[ \t\n;&|()<>]|\Z)"
)
_SEPARATOR = re.compile(r"&&|\|\||\|&|[|;&\n]")
_CASE_END = re.compile(r";;&|;;|;&")
_ASSIGNMENT = re.compile(rf"({NAME})(?:(\[[0-9]++\])?(\+?=)|\[)")
_REDIRECTION = re.compile(r"(?:[0-9]*+(?:<<<|<<|<>|<&|>&|>>|>\||<(?!\()|>(?!\())|&>>?)")
_VARIABLE_OF_REDIRECTION = re.compile(r"\{[A-Za-z0-9_\[\]]*\}")
_FUNCTION = re.compile(rf"({NAME}(?:-[A-Za-z0-9_-]*+)?)[ \t]*+\([ \t]*+\)")
_UNARY = frozenset(f"-{letter}" for letter in "abcdefghknprsuwxzGLNOS")


class Grammar(Words):
    """Reads a script to its end; Unclear where it is not known what bash makes of it."""

    def statements(self, ends: frozenset[str] = frozenset()) -> str:
        """Commands up to a word of `ends`, a `)`, the end of a branch of `case`, or the end."""
        while True:
            self.skip_lines()
            if not self.peek():
                self.finish()
                return ""
            if self.peek() == ")":
                self.at += 1
                return ")"
            if (branch := _CASE_END.match(self.text, self.at)) is not None:
                self.at = branch.end()
                return ";;"
            keyword = self._keyword()
            if keyword in ends:
                self.at += len(keyword)
                return keyword
            if keyword in _CLOSING:
                raise Unclear(f'"{keyword}" ends nothing')
            self._command()
            self.skip_blanks()
            separator = _SEPARATOR.match(self.text, self.at)
            if separator is None or _CASE_END.match(self.text, self.at) is not None:
                if self.peek() not in ("", ")", ";"):
                    raise Unclear("the end of a command is not known")
            elif separator[0] != "\n":
                self.at = separator.end()

    def _keyword(self) -> str:
        found = _KEYWORD.match(self.text, self.at)
        return found[0] if found is not None else ""

    def _expect(self, ends: frozenset[str]) -> str:
        end = self.statements(ends)
        if end not in ends:
            raise Unclear(f"{' or '.join(sorted(ends))} is not there")
        return end

    def _command(self) -> None:
        keyword = self._keyword()
        self.depth += 1
        if self.depth > 2 * _DEEPEST:
            raise Unclear("it nests too deeply")
        if keyword or self.peek() == "(":
            self._compound(keyword)
        elif (function := _FUNCTION.match(self.text, self.at)) is not None:
            self.at = function.end()
            self._body()
        else:
            self._simple()
        self.depth -= 1

    # ------------------------------------------------------------------------------------ compound

    def _compound(self, keyword: str) -> None:
        if self.peek(2) == "((":
            raise Unclear("arithmetic")
        self.at += max(1, len(keyword))
        if keyword in ("!", "time"):
            self.skip_blanks()
            if self.peek() == "-" and keyword == "time":
                raise Unclear("options of time")
            if self.peek() not in ("", "\n", ";", "&", "|", ")"):
                self._command()
            return
        if keyword == "":
            if self.statements() != ")":
                raise Unclear("its parentheses do not match")
        elif keyword == "{":
            self._expect(frozenset({"}"}))
        elif keyword == "if":
            self._expect(_THEN)
            while (end := self._expect(_BRANCH)) != "fi":
                if end == "elif":
                    self._expect(_THEN)
        elif keyword in ("while", "until"):
            self._expect(_DO)
            self._expect(_END_OF_DO)
        elif keyword == "for":
            self._for()
        elif keyword == "case":
            self._case()
        elif keyword == "[[":
            self._condition()
        elif keyword == "function":
            self._function()
            return
        else:
            raise Unclear(f"{keyword}, which is not known here")
        self.skip_blanks()
        while self._redirection() is not None:
            self.skip_blanks()

    def _function(self) -> None:
        self.skip_blanks()
        name = self.word()
        if not name.raw or name.literal != name.raw:
            raise Unclear("the name of a function")
        self.skip_blanks()
        if self.peek() == "(":
            self.at += 1
            self.skip_blanks()
            if self.peek() != ")":
                raise Unclear("a function")
            self.at += 1
        self._body()

    def _body(self) -> None:
        self.skip_lines()
        if self._keyword() != "{" and (self.peek() != "(" or self.peek(2) == "(("):
            raise Unclear("the body of a function")
        self._command()

    def _for(self) -> None:
        self.skip_blanks()
        name = self.word()
        if self.peek() == "(" or not re.fullmatch(NAME, name.raw):
            raise Unclear("arithmetic")
        self.skip_lines()
        values = Word(literal=None)
        if self._keyword() == "in":
            self.at += 2
            self.skip_blanks()
            while (word := self.word()).raw:
                self.notes.restrict(word, f"the words of a loop, for {name.raw} in ...")
                self.skip_blanks()
            if self.peek() not in (";", "\n"):
                raise Unclear("the words of a loop")
        self._assign(name.raw, values)
        self.skip_lines()
        if self.peek() == ";":
            self.at += 1
            self.skip_lines()
        if self._keyword() != "do":
            raise Unclear("a loop without do")
        self.at += 2
        self._expect(_END_OF_DO)

    def _case(self) -> None:
        self.skip_blanks()
        self.notes.restrict(self.word(), "case")
        self.skip_lines()
        if self._keyword() != "in":
            raise Unclear("case without in")
        self.at += 2
        while True:
            self.skip_lines()
            if self._keyword() == "esac":
                self.at += 4
                return
            if self.peek() == "(":
                self.at += 1
            while True:
                self.skip_blanks()
                pattern = self.word()
                self.notes.restrict(pattern, "a pattern of case")
                self.skip_blanks()
                if not pattern.raw or self.peek() not in ("|", ")"):
                    raise Unclear("a pattern of case")
                self.at += 1
                if self.text[self.at - 1] == ")":
                    break
            if self._branch() == "esac":
                return

    def _branch(self) -> str:
        end = self.statements(_ESAC)
        if end not in (";;", "esac"):
            raise Unclear("case without esac")
        return end

    def _condition(self) -> None:
        """`[[ ... ]]` with texts and files; what takes numbers or names evaluates them."""
        right = False
        while True:
            self.skip_blanks()
            if self.peek(2) in ("&&", "||"):
                self.at += 2
                continue
            word = self.word()
            if word.raw == "]]":
                return
            if not word.raw or word.raw == "=~" or word.raw.endswith("\\\n"):
                raise Unclear("a condition, [[ ... ]], that is not only of texts and files")
            if word.raw[:1] == "-" and word.raw not in _UNARY:
                raise Unclear(f"[[ ... {word.raw} ... ]]")
            if right and not word.single:
                self.notes.restrict(word, "a pattern, [[ ... == ... ]]")
            right = word.raw in ("=", "==", "!=")

    # -------------------------------------------------------------------------------------- simple

    def _simple(self) -> None:
        call, began = Call(), self.at
        while True:
            self.skip_blanks()
            if (document := self._redirection()) is not None:
                call.documents += [document] if isinstance(document, Document) else []
                continue
            if not self.peek() or self.peek() in "\n;&|)":
                break
            start = self.at
            if not call.words and (found := _ASSIGNMENT.match(self.text, self.at)) is not None:
                self._assignment(found)
                continue
            word = self.word()
            if self.at == start or self.peek() == "(":
                raise Unclear("a parenthesis")
            if self.peek() in ("<", ">") and _VARIABLE_OF_REDIRECTION.fullmatch(word.raw):
                raise Unclear("the number of a redirection is kept in a variable")
            if not call.words and word.raw.endswith("\\\n"):
                raise Unclear("a command goes over the end of a line")
            call.words.append(word)
        if call.words:
            judge(call, self)
        elif self.at == began:
            raise Unclear("there is no command")

    def _assignment(self, found: re.Match[str]) -> None:
        name = found[1]
        if found[3] is None:
            raise Unclear(f"a subscript, {name}[...]")
        self.at = found.end()
        if self.peek() == "(":
            self._array(name)
            return
        value = self.word()
        if self.peek() == "(":
            raise Unclear("a parenthesis")
        self._assign(name, value)

    def _assign(self, name: str, value: Word) -> None:
        self.assigned(name, value)
        if value.holders and chooses_code(name):
            self.notes.hand(name)
        self.notes.restrict(value, f"an assignment, {name}=...")

    def _array(self, name: str) -> None:
        """Of texts alone: an element can have a subscript."""
        self.at += 1
        while True:
            self.skip_lines()
            if self.peek() == ")":
                self.at += 1
                if self.peek() not in ("", " ", "\t", "\n", ";", "&", "|", ")"):
                    raise Unclear(f"an array, {name}=(...)")
                self.assigned(name, Word(literal=None))
                return
            word = self.word()
            if not word.raw or word.literal is None or word.raw[:1] == "[":
                raise Unclear(f"an array, {name}=(...)")

    def _redirection(self) -> Document | bool | None:
        """Read one; its heredoc or here-string, if it is one, None where none begins."""
        if self.peek(2) in ("<(", ">("):
            return None
        found = _REDIRECTION.match(self.text, self.at)
        if found is None:
            return None
        operator = found[0].lstrip("0123456789")
        if operator == "<<":
            self.at = found.end() - 2
            return self.heredoc()
        self.at = found.end()
        self.skip_blanks()
        target = self.word()
        if not target.raw or self.peek() == "(":
            raise Unclear("a redirection without a place")
        if operator == "<<<":
            return Document(target.literal is None)
        if operator in ("<&", ">&") and target.literal is None:
            raise Unclear(f"a redirection to a number, {operator}")
        self.notes.restrict(target, f"a redirection, {operator}")
        self.notes.words.append(target)
        return True


_DEEPEST = 30
_THEN = frozenset({"then"})
_BRANCH = frozenset({"elif", "else", "fi"})
_DO = frozenset({"do"})
_END_OF_DO = frozenset({"done"})
_ESAC = frozenset({"esac"})
