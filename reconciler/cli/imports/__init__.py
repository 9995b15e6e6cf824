"""What `reconciler import` does: reads, checks and writes declarations."""
