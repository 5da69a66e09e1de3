"""Scoring a trained model on labelled pictures."""
