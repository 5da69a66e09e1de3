"""Preprocessing of pictures: a chain of named steps."""
