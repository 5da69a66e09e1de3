"""Reproduction of the papers."""
