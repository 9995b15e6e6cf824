"""What a person chooses for themselves, kept in cookies."""
