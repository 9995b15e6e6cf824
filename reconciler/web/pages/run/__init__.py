"""The list of runs; of one its logs, and the last good run beside it."""
