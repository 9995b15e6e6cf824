"""Schedules that go from one target to another: the rows of a plan. Pure."""
