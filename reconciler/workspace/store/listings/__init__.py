"""Lists of what the workspace holds: for its pages, and for Azure's API."""
