"""What a workspace has besides pipelines and runs: types of data, datastores; what it lacks."""
