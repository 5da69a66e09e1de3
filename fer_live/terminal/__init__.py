"""The terminal, as all three commands use it: errors, signals, standard streams, progress."""
