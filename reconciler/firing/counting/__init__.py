"""How many fires, and when, within a span: by rule, without walking through them."""
