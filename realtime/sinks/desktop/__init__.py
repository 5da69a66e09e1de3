"""The window on the desktop: whether there can be one, what it shows, and its keys."""
