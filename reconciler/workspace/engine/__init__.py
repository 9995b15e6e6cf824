"""The engine: what is due, fired and started, and who runs it."""
