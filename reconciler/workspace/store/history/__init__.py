"""What people did by hand, as the workspace remembers it."""
