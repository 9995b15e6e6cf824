"""What the commands about the loop share."""
