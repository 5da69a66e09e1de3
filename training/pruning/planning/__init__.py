"""Choosing which channels to remove."""
