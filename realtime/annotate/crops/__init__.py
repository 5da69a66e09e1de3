"""Faces cut out as pictures: which of them, and how they are written."""
