"""How good predictions are: figures of probabilities and labels."""
