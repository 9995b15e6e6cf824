"""A value -> text: for people, for programs, for CI."""
