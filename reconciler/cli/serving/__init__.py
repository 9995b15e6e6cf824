"""What `serve` needs to answer HTTP: its options, and the process that answers."""
