"""Did everything run that should have run? What was expected beside what ran. Pure.

`timeline.py` says what a schedule was, and when; `verdicts.py` holds the fires that follow from it
against the runs there were.
"""
