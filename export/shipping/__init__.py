"""Shipped models: the file, its card, and upgrades of its contract."""
