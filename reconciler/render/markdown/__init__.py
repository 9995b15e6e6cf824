"""The plan document as Markdown for a pull request."""
