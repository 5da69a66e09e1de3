"""What is measured: models, the pipeline by its stages, start-up, memory, the GPU."""
