"""A namespace of Temporal as a target. What needs its client is imported where it is used."""
