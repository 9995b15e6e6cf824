"""What a job needs in the workspace before its schedule: looked up, and put there."""
