"""When Temporal wakes a schedule: a trigger as calendars and intervals, and these on the wire."""
