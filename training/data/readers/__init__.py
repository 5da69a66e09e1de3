"""Every layout that a labelled set may come in."""
