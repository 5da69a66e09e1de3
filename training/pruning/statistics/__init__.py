"""Statistics of every channel, from one pass over the data."""
