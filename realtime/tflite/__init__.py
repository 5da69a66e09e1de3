"""TensorFlow Lite networks for ONNX Runtime: read, converted in memory, batched."""
