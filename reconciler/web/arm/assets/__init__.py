"""Assets by name: lists, containers, data, and what an embedded workspace has not."""
