"""What one pass over the data says of every channel."""
