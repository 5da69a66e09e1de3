"""Many inputs: processes that can be killed, how far they are, and what became of each input."""
