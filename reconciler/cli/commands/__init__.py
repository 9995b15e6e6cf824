"""The commands: one file each, named as the command; what they share is in `reconciler.cli`."""
