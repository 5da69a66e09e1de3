"""Measurements of `fer-live serve` in a real browser and by its own sockets."""
