"""Schedules of machine-learning pipelines as code.

Files become Schedules (`declare`), a provider lists what is live (`providers`), the two are
compared into a Plan (`plan`), and a Plan is carried out (`apply`):

    live = provider.list()
    desired = canonicalize(declared, live, provider)
    plan = make_plan(desired, live, owner=owner)
    return apply_plan(plan, provider)

`reconcile.py` is that, and the place to start reading.
"""

__version__ = "0.1.0"
