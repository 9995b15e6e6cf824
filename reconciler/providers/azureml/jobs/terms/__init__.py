"""The terms of jobs, to the wire and back: words, bindings, references, values, settings."""
