"""Comparisons of pruning methods, and plots."""
