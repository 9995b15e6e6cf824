"""The service of run history, as the SDK reads it: experiments, their runs, and the runs' steps."""
