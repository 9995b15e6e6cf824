"""The loop: live schedules kept as the repository says, for ever. State-based, not event-based.

`controller.py` decides when (interval, backoff, a wake-up), `target_status.py` is what it knows;
`cycle.py` is one cycle of one target, `active_revision.py` which revision is in force, `source.py`,
`folder.py` and `checkout.py` where it comes from, and `git.py` runs the git program.
"""
