"""Folders of datastores: listed, and compared with what was seen."""
