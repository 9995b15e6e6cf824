"""The workspace's SQLite file: every statement of SQL is here."""
