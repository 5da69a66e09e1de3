"""Readers for every supported layout of a data set; `layouts.READERS` lists them by name."""
