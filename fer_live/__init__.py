"""fer-live: what faces show, frame by frame, from compact pruned networks."""

from importlib.metadata import version

__version__ = version("fer-live")
