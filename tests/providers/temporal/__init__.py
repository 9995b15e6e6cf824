"""Temporal as a target, on its own server."""
