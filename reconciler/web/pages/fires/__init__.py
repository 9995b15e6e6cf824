"""When everything fires, counted once and kept up to date."""
