"""Desired and live schedules -> a Plan; no I/O, no clock, no provider."""

from reconciler.plan.decision_table import make_plan

__all__ = ["make_plan"]
