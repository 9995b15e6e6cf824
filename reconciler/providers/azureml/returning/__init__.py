"""What is live in a workspace -> the files that people write."""
