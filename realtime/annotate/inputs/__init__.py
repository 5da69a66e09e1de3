"""Which files are annotated, and where their results go."""
