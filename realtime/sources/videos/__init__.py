"""Video files: opening, decoding and seeking."""
