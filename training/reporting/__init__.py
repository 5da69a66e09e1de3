"""Evaluations and comparisons as tables, plots and pages."""
