"""What CI shows beside lines of files: annotations and SARIF."""
