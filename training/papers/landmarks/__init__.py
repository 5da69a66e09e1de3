"""A network that finds 68 points of a face: paper 004's Xception."""
