"""Processing many inputs: worker processes, progress, and the outcome of each input."""
