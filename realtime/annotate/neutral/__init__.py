"""Resting faces of files: from their beginning, from a file of its own, or from all of a clip."""
