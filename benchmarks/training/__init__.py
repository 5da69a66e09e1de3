"""Measurements of training and of trained models."""
