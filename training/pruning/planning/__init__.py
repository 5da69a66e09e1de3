"""Choosing which channels go."""
