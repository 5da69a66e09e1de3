"""Recipes: the stages that make a shipped model from the data alone."""
