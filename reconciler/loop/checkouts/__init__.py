"""A commit of a repository elsewhere, as files on the disk: only those that declarations need."""
