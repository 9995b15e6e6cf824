"""The YAML language server of VS Code and other editors, from npm, spoken to as an editor does."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from npm import npm_file

VERSION = "1.25.0"


class Editor:
    """One server. A document is text with a | where the cursor is."""

    def __init__(self, process: subprocess.Popen[bytes], root: Path) -> None:
        self._process = process
        self._root = root
        self._ids = itertools.count(1)
        self._told: list[dict[str, Any]] = []
        settings = root / ".vscode/settings.json"
        self._configured = False
        self._schemas: dict[str, Any] = (
            json.loads(settings.read_text("utf-8"))["yaml.schemas"] if settings.exists() else {}
        )

    def begin(self) -> None:
        client: dict[str, Any] = {
            "textDocument": {
                "completion": {
                    "completionItem": {
                        "snippetSupport": True,
                        "documentationFormat": ["markdown"],
                    }
                },
                "hover": {"contentFormat": ["markdown"]},
                "publishDiagnostics": {},
            },
            "workspace": {"configuration": True, "workspaceFolders": True},
        }
        self.ask("initialize", processId=None, rootUri=self._root.as_uri(), capabilities=client,
            workspaceFolders=[{"uri": self._root.as_uri(), "name": "repository"}])  # fmt: skip
        self._send("initialized", {})
        self._send("workspace/didChangeConfiguration", {"settings": {}})
        while not self._configured:
            self._told.append(self._read())

    def completion(self, text: str, kind: str = "schedule") -> list[str]:
        """The labels that are offered, in their order."""
        uri, place = self._open(text, kind)
        found = self.ask("textDocument/completion", textDocument={"uri": uri}, position=place)
        items = found["items"] if isinstance(found, dict) else found
        return [item["label"] for item in items]

    def completion_in(self, name: str, text: str) -> list[str]:
        """Those in a file of that name, which says nothing of its schema.

        What the settings say holds once the server has read them: it is asked until they do.
        """
        for _ in range(100):
            items = self._items(name, text)
            if "Inline schema" not in items:
                break
        return items

    def _items(self, name: str, text: str) -> list[str]:
        uri, place = self._open(text, None, name)
        found = self.ask("textDocument/completion", textDocument={"uri": uri}, position=place)
        items = found["items"] if isinstance(found, dict) else found
        return [item["label"] for item in items]

    def hover(self, text: str, kind: str = "schedule") -> str:
        uri, place = self._open(text, kind)
        found = self.ask("textDocument/hover", textDocument={"uri": uri}, position=place)
        return str(found["contents"]["value"]) if found else ""

    def problems(self, text: str, kind: str = "schedule") -> list[str]:
        uri, _ = self._open(text, kind)
        while True:
            for one in self._told:
                if (
                    one["method"] == "textDocument/publishDiagnostics"
                    and one["params"]["uri"] == uri
                ):
                    return [found["message"] for found in one["params"]["diagnostics"]]
            self._told.append(self._read())

    def ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._ids)
        self._send(method, parameters, number)
        while True:
            told = self._read()
            if told.get("id") == number and "method" not in told:
                assert "error" not in told, told
                return told["result"]
            self._told.append(told)

    def _open(self, text: str, kind: str | None, name: str = "") -> tuple[str, dict[str, int]]:
        head = f"# yaml-language-server: $schema=schemas/{kind}.schema.json\n"
        text = head + text if kind else text
        before, _, after = text.partition("|")
        uri = (self._root / (name or f"{next(self._ids)}.yaml")).as_uri()
        opened = {"uri": uri, "languageId": "yaml", "version": 1, "text": before + after}
        self._send("textDocument/didOpen", {"textDocument": opened})
        lines = before.split("\n")
        return uri, {"line": len(lines) - 1, "character": len(lines[-1])}

    def _send(self, method: str, parameters: Any, number: int | None = None) -> None:
        self._write({"method": method, "params": parameters} | ({"id": number} if number else {}))

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        """The next message; what the server asks the editor is answered on the way."""
        stream = self._process.stdout
        assert stream is not None
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        told: dict[str, Any] = json.loads(stream.read(length))
        if "id" in told and "method" in told:
            asked = told["params"].get("items", []) if isinstance(told.get("params"), dict) else []
            settings = {
                "validate": True,
                "hover": True,
                "completion": True,
                "schemaStore": {"enable": False},  # nothing is fetched
                "schemas": self._schemas,
            }
            answer = [settings if one.get("section") == "yaml" else None for one in asked]
            self._write({"id": told["id"], "result": answer or None})
            self._configured |= bool(asked)
        return told


@contextmanager
def editor(root: Path) -> Iterator[Editor]:
    """A server that works in a folder."""
    node = shutil.which("node")
    program = npm_file("yaml-language-server", VERSION, "bin/yaml-language-server")
    if node is None:
        pytest.skip("node is not installed")
    with subprocess.Popen(
        [node, program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, cwd=root,
    ) as process:  # fmt: skip
        try:
            made = Editor(process, root)
            made.begin()
            yield made
        finally:
            process.terminate()
