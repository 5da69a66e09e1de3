"""Models that ship: the file, its card, and upgrades of its contract."""
