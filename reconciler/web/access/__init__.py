"""Authentication, and what every request passes first."""
