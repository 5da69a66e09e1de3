"""The benchmark's measurements: models, pipeline stages, start-up time, memory, GPU."""
