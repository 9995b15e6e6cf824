"""Code that Azure's clients upload to the workspace itself, file by file."""
