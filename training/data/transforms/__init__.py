"""Preprocessing of pictures: a chain of named steps, such as face crops."""
