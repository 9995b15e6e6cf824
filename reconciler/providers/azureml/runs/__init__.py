"""Jobs of a workspace that schedules start, or that are submitted in their place."""
