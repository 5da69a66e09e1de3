"""Measurements of `--send` with receivers that nobody here wrote."""
