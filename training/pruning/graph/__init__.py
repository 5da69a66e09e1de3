"""Which channels have to be removed together, and what they cost."""
