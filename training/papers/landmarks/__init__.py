"""A network for 68 facial landmarks: paper 004's Xception."""
