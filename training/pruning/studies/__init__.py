"""Many prunings beside each other, and pictures of them."""
