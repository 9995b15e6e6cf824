"""Services that tests and benchmarks talk to instead of the real ones."""
