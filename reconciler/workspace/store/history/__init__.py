"""What the workspace remembers of its past beside fires and runs: acts of people, days of runs."""
