"""Statements of SQL that make tables, where they are more than a few lines."""
