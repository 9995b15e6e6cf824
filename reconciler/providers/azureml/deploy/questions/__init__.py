"""What is asked of files, of Git and of a workspace, each for itself; what is refused of files."""
