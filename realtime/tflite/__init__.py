"""Conversion of TensorFlow Lite networks to ONNX models with a free batch size, in memory."""
