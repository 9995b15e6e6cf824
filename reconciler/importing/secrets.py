"""What an import does not write: credentials, by name and by shape. Pure but for the notes it adds.

A variable stands for each, so that the files are whole, and nothing can be planned from them before
somebody has said what it is: left out, it would be taken away from what is live.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from itertools import count
from typing import Any

from reconciler.masking import GONE, mask_text, without_secrets

Path = tuple[str | int, ...]
_OF_AN_INPUT = ("value", "default", "path", "content")
"""Keys that say nothing of what it is: what they stand under does."""


class Secrets:
    """What is not written: each credential becomes a variable, and a note says where it was."""

    def __init__(self, prefix: str, notes: list[str]) -> None:
        self._prefix = prefix
        self._notes = notes
        self.variables: dict[str, Any] = {}
        """By name, what each stands for."""
        self.left_out: list[str] = []
        """Places of a job file that no variable can stand at."""

    def out_of(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A declaration in which each of its credentials is a variable to be set."""
        done: dict[str, Any] = without_secrets(document, self._variable)
        return done

    def out_of_component(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A component file without its credentials, which are in `left_out`."""
        done: dict[str, Any] = without_secrets(document, self._nothing)
        return done

    def out_of_job_file(self, document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """A job file without its credentials, and the inputs that the declaration has to give.

        A job file knows no variables. An input with a credential in it becomes one that needs a
        value; such an input of a step becomes one of the job. What else there is, is in `left_out`.
        """
        given: dict[str, Any] = {}
        inputs = dict(document.get("inputs") or {})
        for name, value in list(inputs.items()):
            inputs[name] = self._given(name, value, ("inputs", name), given)
        steps: dict[str, Any] = {}
        for step, node in (document.get("jobs") or {}).items():
            own = dict(node.get("inputs") or {})
            for key, value in list(own.items()):
                name = _unused(re.sub(r"\W", "_", f"{step}_{key}"), inputs)
                kept = self._given(key, value, ("jobs", step, "inputs", key), given, name)
                if name in given:
                    inputs[name] = kept
                    own[key] = f"${{{{parent.inputs.{name}}}}}"
            steps[step] = node | ({"inputs": own} if own else {})
        whole = {
            **document,
            **({"inputs": inputs} if inputs else {}),
            **({"jobs": steps} if steps else {}),
        }
        done: dict[str, Any] = without_secrets(whole, self._nothing)
        return done, given

    def _given(
        self, key: str, value: Any, path: Path, given: dict[str, Any], name: str | None = None
    ) -> Any:
        """The input as its job declares it; where it holds a credential, `given` has its value."""

        def variable(below: Path, secret: Any) -> str:
            return self._variable((*path, *below), secret)

        safe = without_secrets(value, variable, name=key)
        if safe == value:
            return value
        given[name or key] = safe
        return (
            {k: value[k] for k in ("type", "mode") if k in value}
            if isinstance(value, Mapping)
            else None
        )

    def _variable(self, path: Path, secret: Any) -> str:
        """What stands for a credential at `path`: a variable that nothing else is called by."""
        keys = [part for part in path if isinstance(part, str)]
        key = next((key for key in reversed(keys) if key not in _OF_AN_INPUT), "value")
        name = re.sub(r"[^A-Za-z0-9_]", "_", f"{self._prefix}_{mask_text(key)}")
        name = _unused(name if name[0].isalpha() else f"v_{name}", self.variables)
        self.variables[name] = secret
        self._notes.append(
            f"{_dotted(path)} looks like a credential and is not written: set the variable {name}"
            f" in reconciler.yaml, from the environment (${{{{ env.{name.upper()} }}}})"
        )
        return f"${{{{ vars.{name} }}}}"

    def _nothing(self, path: Path, _: Any) -> Any:
        self.left_out.append(_dotted(path))
        return GONE


def _unused(name: str, taken: Container[str]) -> str:
    numbered = (name if n == 1 else f"{name}_{n}" for n in count(1))
    return next(one for one in numbered if one not in taken)


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)
