"""Terminal functions shared by all three commands: errors, signals, standard streams, progress."""
