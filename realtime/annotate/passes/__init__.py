"""The passes over one input, and what they hand on to one another."""
