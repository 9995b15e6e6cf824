"""Every error that is raised on purpose.

    ReconcilerError              a message for the user; never a traceback
      DeclarationError           the repository is wrong: carries the Problems
      ConfigError                reconciler.yaml is wrong: carries the Problems
      UnsafePlan                 the plan is over a limit, or would empty the target
      StalePlan                  a saved plan is not the plan any more: carries the Mismatches
      ProviderError              a target could not do what it was asked
        ProviderUnavailable      it does not answer now; trying again later may help
        Unauthorized             it does not let us
        Rejected                 it understood and refused
      SourceError                the source of the declarations cannot be read now, or is not there
      StateError                 the state database cannot be used now
      Halted                     what is under way ends before its next change
        LeaseLost                another holds the lease
      ForgeError                 a forge could not do what it was asked
        ForgeUnavailable         it does not answer now

Anything else that escapes is a bug and shows its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model import Key, Mismatch, Problem


class ReconcilerError(Exception):
    """Base of the tree. `message` is one line for the user, `hint` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DeclarationError(ReconcilerError):
    """The declarations hold errors; `problems` has all that was found, warnings too."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        errors = sum(problem.severity == "error" for problem in problems)
        super().__init__(f"{errors} {'problem' if errors == 1 else 'problems'} in the declarations")
        self.problems = tuple(problems)


class ConfigError(ReconcilerError):
    """reconciler.yaml is missing or wrong; no `problems` where there is no place to show."""

    def __init__(
        self, message: str, *, problems: Sequence[Problem] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class UnsafePlan(ReconcilerError):
    """The plan is refused before anything is changed; `reasons` has one line for each limit."""

    exit_code = 4

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("the plan is refused: " + "; ".join(reasons))
        self.reasons = tuple(reasons)


class StalePlan(ReconcilerError):
    """A saved plan is refused before anything is changed; `mismatches` says why, all at once."""

    exit_code = 4

    def __init__(self, mismatches: Sequence[Mismatch], *, hint: str | None = None) -> None:
        reasons = "; ".join(mismatch.message for mismatch in mismatches)
        super().__init__(f"the saved plan is refused: {reasons}", hint=hint)
        self.mismatches = tuple(mismatches)


class ProviderError(ReconcilerError):
    """`operation` on `key` (None: the whole target) failed for `reason`."""

    def __init__(
        self, key: Key | None, operation: str, reason: str, *, hint: str | None = None
    ) -> None:
        where = f"{operation} {key}" if key else operation
        super().__init__(f"{where}: {reason}", hint=hint)
        self.key = key
        self.operation = operation
        self.reason = reason


class ProviderUnavailable(ProviderError):
    """The target does not answer now."""


class Unauthorized(ProviderError):
    """The target does not let us."""


class Rejected(ProviderError):
    """The target understood and refused."""


class SourceError(ReconcilerError):
    """The folder or Git repository cannot be read now, or the branch or tag is not there."""


class StateError(ReconcilerError):
    """The state database does not answer, is damaged, or was made by a later version."""


class Halted(ReconcilerError):
    """No further change is begun: somebody said stop."""


class LeaseLost(Halted):
    """No further change is begun: another holds the lease."""


class ForgeError(ReconcilerError):
    """A forge refuses, or the CI job does not say which pull request it is for."""


class ForgeUnavailable(ForgeError):
    """The forge does not answer now; what was asked for may have been done."""
