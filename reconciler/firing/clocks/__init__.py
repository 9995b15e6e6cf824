"""Time zones, clock changes and instants, as integers."""
