"""The message for each frame, the same for every receiver.

`schema.json` next to this file is its JSON Schema; docs/guide/send.md explains it. The meaning of a
field never changes: anything that would break a reader increases `FORMAT`.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

from fer_live.realtime.results import Frame, FrameResult, SourceInfo, Track
from fer_live.realtime.sinks.blendshapes import BLENDSHAPES

FORMAT: Final = 1
"""Version of the schema."""

_DIGITS: Final = 6
_PIXEL_DIGITS: Final = 2


@dataclass(frozen=True)
class Message:
    """One frame's results to be sent.

    Attributes:
        source: What a person would call the source; never contains a password.
        size_wh: (width, height) of the frame, in pixels.
        result: What was seen.
        captured_s: `time.monotonic()` of the capture; None for a file.
        captured_unix_s: The same moment on the wall clock, in seconds since 1970 UTC; None for a
            file.
    """

    source: str
    size_wh: tuple[int, int]
    result: FrameResult
    captured_s: float | None = None
    captured_unix_s: float | None = None

    @classmethod
    def of(cls, info: SourceInfo, frame: Frame, result: FrameResult) -> "Message":
        """Return the message about a frame."""
        unix_s = None
        if frame.captured_s is not None:
            unix_s = time.time() - (time.monotonic() - frame.captured_s)
        height, width = frame.rgb.shape[:2]
        return cls(info.name, (width, height), result, frame.captured_s, unix_s)

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The message as `schema.json` describes it."""
        return {
            "format": FORMAT,
            "source": self.source,
            "frame": self.result.frame_index,
            "time_s": round(self.result.time_s, _DIGITS),
            "wall_time": None if self.captured_unix_s is None else iso(self.captured_unix_s),
            "size": list(self.size_wh),
            "faces": [_face(track) for track in self.result.tracks],
        }

    @cached_property
    def text(self) -> str:
        """The message as JSON on one line."""
        return json.dumps(self.content, separators=(",", ":"), ensure_ascii=False)


def iso(unix_s: float) -> str:
    """Return a date and time as ISO 8601 in UTC, to a microsecond.

    >>> iso(0.25)
    '1970-01-01T00:00:00.250000Z'
    """
    moment = datetime.fromtimestamp(unix_s, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the message."""
    text = files("fer_live.realtime.send").joinpath("schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _face(track: Track) -> dict[str, Any]:
    """Return the part of the message about one face."""
    face: dict[str, Any] = {
        "track": track.track_id,
        "box": [round(float(value), _PIXEL_DIGITS) for value in track.face.box],
        "score": _rounded(track.face.score),
        "label": track.label,
        "confidence": _rounded(track.confidence),
        "uncertain": bool(track.uncertain),
        "probabilities": {name: _rounded(p) for name, p in track.probabilities.items()},
        "raw": {name: _rounded(p) for name, p in track.raw_probabilities.items()},
    }
    if track.face.blendshapes is not None:
        shapes = track.face.blendshapes.tolist()
        face["blendshapes"] = {
            name: _rounded(value) for name, value in zip(BLENDSHAPES, shapes, strict=True)
        }
    return face


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)
