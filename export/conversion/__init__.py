"""Convert networks to ONNX graphs: precision, cost and parity."""
