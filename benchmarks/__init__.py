"""Measurements that are no command of their own: `python -m benchmarks.NAME`."""
