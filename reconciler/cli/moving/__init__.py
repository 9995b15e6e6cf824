"""Schedules that go from one target to another: their files, and the fires between the two."""
