"""Benchmark results as tables, JSON and a plot."""
