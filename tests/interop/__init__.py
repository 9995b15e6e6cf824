"""Microsoft's own client as the judge of what goes over the wire."""
