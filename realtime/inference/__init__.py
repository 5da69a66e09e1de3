"""Classifying face crops: model files, ONNX Runtime sessions, CUDA, the models that ship."""
