"""Readers for every supported layout of a data set."""
