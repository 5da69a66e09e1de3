"""A trained network: its file, its heads, and its predictions."""
