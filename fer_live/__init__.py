"""Real-time facial expression recognition for webcams, streams and video files.

    import fer_live

    for result in fer_live.analyze("talk.mp4"):
        for track in result.tracks:
            print(result.time_s, track.track_id, track.label, track.probabilities["happy"])

Names are imported on first use: `import fer_live` loads neither OpenCV nor MediaPipe.
"""

import importlib
import os
from typing import TYPE_CHECKING, Final

# From 1.29 on, ONNX Runtime reports every session to its vendor unless this is set before it is
# loaded. What a camera sees is private: neither fer-live nor its dependencies may send anything.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_HOME: Final = {
    "AnnotateSettings": "fer_live.realtime.annotate",
    "Box": "fer_live.realtime.results",
    "DataError": "fer_live.errors",
    "DeviceError": "fer_live.errors",
    "DisplayError": "fer_live.errors",
    "Face": "fer_live.realtime.results",
    "FaceSettings": "fer_live.realtime.faces",
    "FerLiveError": "fer_live.errors",
    "Frame": "fer_live.realtime.results",
    "FrameResult": "fer_live.realtime.results",
    "LABELS": "fer_live.labels",
    "ModelError": "fer_live.errors",
    "SettingsError": "fer_live.errors",
    "SinkError": "fer_live.errors",
    "SourceError": "fer_live.errors",
    "Track": "fer_live.realtime.results",
    "analyze": "fer_live.realtime.api",
    "analyze_image": "fer_live.realtime.api",
    "annotate": "fer_live.realtime.annotate",
    "draw": "fer_live.realtime.api",
    "read_faces": "fer_live.realtime.data_frame",
    "summarize": "fer_live.realtime.study",
    "to_pandas": "fer_live.realtime.data_frame",
}
"""Where each public name is defined."""

if TYPE_CHECKING:
    from fer_live.errors import (
        DataError,
        DeviceError,
        DisplayError,
        FerLiveError,
        ModelError,
        SettingsError,
        SinkError,
        SourceError,
    )
    from fer_live.labels import LABELS
    from fer_live.realtime.annotate import AnnotateSettings, annotate
    from fer_live.realtime.api import analyze, analyze_image, draw
    from fer_live.realtime.data_frame import read_faces, to_pandas
    from fer_live.realtime.faces import FaceSettings
    from fer_live.realtime.results import Box, Face, Frame, FrameResult, Track
    from fer_live.realtime.study import summarize

    __version__: str
else:

    def __getattr__(name: str) -> object:
        """Import a public name, such as `analyze`, on first use."""
        if name == "__version__":
            from fer_live.version import installed_version  # noqa: PLC0415 (a tenth of --help)

            return installed_version()
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_HOME[name]), name)

    def __dir__() -> list[str]:
        """List the public names for completion, before any is imported."""
        return sorted({*globals(), *_HOME, "__version__"})


__all__ = [
    "LABELS",
    "AnnotateSettings",
    "Box",
    "DataError",
    "DeviceError",
    "DisplayError",
    "Face",
    "FaceSettings",
    "FerLiveError",
    "Frame",
    "FrameResult",
    "ModelError",
    "SettingsError",
    "SinkError",
    "SourceError",
    "Track",
    "analyze",
    "analyze_image",
    "annotate",
    "draw",
    "read_faces",
    "summarize",
    "to_pandas",
]
