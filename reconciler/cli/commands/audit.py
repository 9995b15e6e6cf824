"""`reconciler audit`: did everything run that should have run?"""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import click

from reconciler.audit.audit import audit
from reconciler.audit.records import ScheduleAudit
from reconciler.cli.durations import duration
from reconciler.cli.live_schedules import complete_names
from reconciler.cli.output import out, paint, say
from reconciler.cli.past_changes import past_changes
from reconciler.cli.running.known_runs import known_runs
from reconciler.cli.session import Session, config_option, find_live, format_option, target_option
from reconciler.cli.state_options import state_of, state_option
from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.render.audit_document import audit_document
from reconciler.render.documents import FORMAT_VERSION, dumps
from reconciler.render.text.audit import render_audit


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_names)
@click.option("--since", metavar="SPAN", default="7d", show_default=True, help="How far back.")
@click.option(
    "--tolerance", metavar="SPAN", default="5m", show_default=True, help="Later than that is late."
)
@target_option
@state_option
@config_option
@format_option("text", "json", "html")
def command(
    names: tuple[str, ...],
    since: str,
    tolerance: str,
    target: str | None,
    state: str | None,
    config: str | None,
    no_color: bool,
    form: str,
) -> None:
    """Hold what was to fire against what ran: the schedules NAME, or all.

    What was to fire follows from what is live and from the history of what was applied; of a time
    of which neither tells, nothing is said. Exits with 3 where a run is missing or doubled.
    """
    session = Session(config, no_color=no_color)
    span, allowed = duration(since), duration(tolerance)
    if not span:
        raise click.BadParameter("it must be longer than nothing", param_hint="--since")
    audits = [
        one
        for target_ in session.targets(target)
        for one in _audit(session, target_, names, span, allowed, state)
    ]
    begin = session.now - span
    if form == "json":
        document = audit_document(audits, begin, session.now)
        out(dumps({"format_version": FORMAT_VERSION, **document}))
    elif form == "html":
        from reconciler.render.html.audit_page import render_audit_html

        out(render_audit_html(audits, begin, session.now))
    else:
        out(render_audit(audits, begin, session.now, paint))
    if any(one.is_wrong for one in audits):
        click.get_current_context().exit(3)


def _audit(
    session: Session,
    target: Target,
    names: tuple[str, ...],
    span: timedelta,
    tolerance: timedelta,
    state: str | None,
) -> list[ScheduleAudit]:
    provider = session.provider(target)
    known = known_runs(target, provider)
    live = [find_live(provider, name) for name in names] if names else list(provider.list())
    since = session.now - span
    try:
        with closing(state_of(session.config, state, readonly=True)) as opened:
            applied = past_changes(opened, target.name, {one.key.name for one in live}, since)
    except ReconcilerError as error:
        say(f"warning: the history cannot be read, and is left out: {error.message}")
        applied = {}
    found = audit(
        live,
        applied,
        known.runs_of,
        since=since,
        now=session.now,
        firing=provider.firing_trigger,
        tolerance=tolerance,
    )
    return sorted(found, key=lambda one: one.key)
