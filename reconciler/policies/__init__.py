"""What a team asks of its schedules beyond the format: `policies` of reconciler.yaml.

`rules.py` holds the values, `policies_config.py` makes them of the configuration, `calendars.py`
reads the days on which nothing may fire, `check.py` says which schedules are against which.
"""
