"""The plan document as one HTML file."""
