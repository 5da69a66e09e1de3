"""fer-live: what faces show, frame by frame, from compact pruned networks."""

import os
from typing import TYPE_CHECKING

# From 1.29 ONNX Runtime reports every session to its maker unless this is set before it is loaded.
# What a camera sees is nobody's business: fer-live sends nothing, nor does anything below it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """Look `__version__` up when it is asked for: reading metadata would slow every --help."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version  # noqa: PLC0415 (a tenth of the time of --help)

        return version("fer-live")
