"""Bytes of YAML files -> plain values with places, and values -> edits of the bytes."""
