"""The sound of a video: copied, or encoded again where its container does not take it."""
