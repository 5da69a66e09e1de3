"""Where the outputs of a run lie: a folder, or an address such as s3://bucket/results."""
