"""Networks to ONNX graphs: with what precision, at what cost, and whether both agree."""
