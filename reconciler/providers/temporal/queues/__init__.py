"""Task queues: which steps wait in which, and whether anybody takes them."""
