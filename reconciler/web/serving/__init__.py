"""The server, its process, its socket and its tokens' files."""
