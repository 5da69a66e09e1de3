"""Labelled pictures: read from any of the layouts people have, cut, divided and balanced."""
