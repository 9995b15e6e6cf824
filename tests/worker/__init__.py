"""Workers, on a server of Temporal."""
