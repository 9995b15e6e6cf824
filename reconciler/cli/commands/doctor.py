"""`reconciler doctor`: what is well on this machine and with its targets, and what to do."""

from __future__ import annotations

import click

from reconciler.cli.checks.environment import environment_checks
from reconciler.cli.checks.records import Check, Verdict, words_of
from reconciler.cli.checks.targets import target_checks
from reconciler.cli.output import out, paint
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.errors import ReconcilerError
from reconciler.masking import mask_text
from reconciler.render.documents import FORMAT_VERSION, dumps
from reconciler.render.plain_text import counted, printable, wrapped

_ROLES = {Verdict.WELL: "create", Verdict.LOOK: "warning", Verdict.BROKEN: "error"}


@click.command()
@target_option
@config_option
@format_option("text", "json")
def command(target: str | None, config: str | None, no_color: bool, form: str) -> None:
    """Look at this machine, the repository and each target: what is well, and what to do.

    Changes nothing. Exits with 1 where something is broken.
    """
    session = Session(config, no_color=no_color)
    checks: list[Check] = []
    try:
        checks += environment_checks(session)
        for one in session.config.chosen(target):
            checks += target_checks(session, one)
    except ReconcilerError as error:
        checks.append(Check("configuration", Verdict.BROKEN, words_of(error), error.hint))
    if form == "json":
        listed = [
            {
                "about": one.about,
                "verdict": one.verdict.value,
                "found": mask_text(one.found),
                "to_do": mask_text(one.to_do) if one.to_do else None,
            }
            for one in checks
        ]
        out(dumps({"format_version": FORMAT_VERSION, "checks": listed}))
    else:
        out("".join(map(_line, checks)))
        broken = sum(one.verdict is Verdict.BROKEN for one in checks)
        looks = sum(one.verdict is Verdict.LOOK for one in checks)
        said = [counted(broken, "thing is broken", "things are broken")] if broken else []
        said += [counted(looks, "thing to look at", "things to look at")] if looks else []
        out(f"\n{' and '.join(said) or 'all is well'}\n")
    if any(one.verdict is Verdict.BROKEN for one in checks):
        click.get_current_context().exit(1)


def _line(check: Check) -> str:
    word = paint(f"{check.verdict.value:<6}", _ROLES[check.verdict])
    found = wrapped(printable(mask_text(check.found)), paint.columns, 23)
    line = f"{word}  {printable(check.about):<13}  {found}\n"
    if check.to_do:
        line += f"{'':<23}{paint('hint:', 'hint')} "
        line += wrapped(printable(mask_text(check.to_do)), paint.columns, 29) + "\n"
    return line
