"""Audio of a video: copied, or re-encoded if the container does not support it."""
