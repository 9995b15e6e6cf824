"""What the page of a run shows beside its steps: its logs, and what was another when it worked."""
