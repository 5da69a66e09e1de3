"""What serves the reproduction of the papers only."""
