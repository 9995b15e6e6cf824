"""Runs Python for a test, in the virtual environment of the SDK v1, in one namespace.

    python session.py FOLDER

FOLDER is what `reconciler serve --sdk-config` wrote. Each line of standard input is a JSON text of
statements, run as a notebook runs a cell; each line of standard output says what became of them:

    {"said": WHAT THEY PRINTED, "value": OF THE LAST EXPRESSION, AS TEXT}
    {"said": ..., "error": "TYPE: MESSAGE"}
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from typing import Any


def run(cell: str, names: dict[str, Any]) -> Any:
    """The value of the last expression of a cell; None where it ends with a statement."""
    tree = ast.parse(cell)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, "cell", "exec", dont_inherit=True), names)
    if isinstance(last, ast.Expr):
        code = compile(ast.Expression(last.value), "cell", "eval", dont_inherit=True)
        return eval(code, names)
    return None


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    names: dict[str, Any] = {}
    for line in sys.stdin:
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                value = run(json.loads(line), names)
            told = {"value": value if isinstance(value, (list, dict)) else str(value)}
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps({"said": printed.getvalue(), **told}, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
