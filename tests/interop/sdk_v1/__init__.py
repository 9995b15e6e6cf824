"""The SDK v1 of Azure ML, unpatched, on `reconciler serve`."""
