"""Compensating for removed channels."""
