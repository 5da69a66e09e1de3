"""Training: from settings and data to a checkpoint."""
