"""Metrics of predicted probabilities and labels."""
