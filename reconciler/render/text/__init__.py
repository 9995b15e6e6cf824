"""Plans, drift and history as text for a terminal."""
