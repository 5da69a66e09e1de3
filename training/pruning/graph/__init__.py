"""Which channels live and die together, and what they cost."""
