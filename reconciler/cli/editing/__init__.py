"""What commands share that look at one declaration, and may edit its file."""
