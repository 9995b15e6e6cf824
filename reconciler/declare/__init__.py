"""Files of a repository -> Schedules and Problems; `repository.py` drives it."""
