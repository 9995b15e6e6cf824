"""Job files: what they hold, and which of them schedules run."""
