"""Commands of steps: bindings into shell text, and what a value may be at its place in it. Pure."""
