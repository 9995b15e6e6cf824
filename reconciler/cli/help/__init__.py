"""What `--help` and errors of usage say."""
