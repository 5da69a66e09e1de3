"""Removing channels for good, and recovering afterwards."""
