"""The datastores of a workspace, and what runs left behind, as containers of blobs."""
