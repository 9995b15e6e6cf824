"""What targets have run, for their pages."""
