"""Workers of a target of Temporal: they run the steps of runs that its schedules start.

`workflow.py` is a run, step by step, decided from its history alone; `activities.py` is what a
machine does for it. What needs Temporal's client is imported by `reconciler worker` alone.
"""
