"""The live loop: a camera in, a window, a video or a table out."""
