"""What is put before a schedule."""
