"""A run's job -> steps, shell text, processes, and their ends."""
