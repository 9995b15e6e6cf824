"""Triggers in words."""
