"""Steady labels over time: online for live sources, offline where the future is known."""
