"""Saved plans: their values, digests, and how they are compared with the plan of now."""
