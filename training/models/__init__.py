"""Trained networks: files, heads and predictions."""
