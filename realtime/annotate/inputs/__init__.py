"""Selecting the input files, and the paths of their outputs."""
