"""Storage for the outputs of a run: a folder, or an address such as s3://bucket/results."""
