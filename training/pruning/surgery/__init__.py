"""Removing channels physically, and recovery training."""
