"""What commands about runs share: the runs of whichever target."""
