"""The embedded workspace: a scheduler in one SQLite file."""
