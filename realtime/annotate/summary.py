"""Statistics of a whole file."""

import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import ModelContract, Prior
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.inference.priors import prior_divisor
from fer_live.realtime.results import FrameResult, Track
from fer_live.version import installed_version

FORMAT: Final = 1
_DIGITS: Final = 6
_PACKAGES: Final = ("av", "mediapipe", "numpy", "onnxruntime", "onnxruntime-gpu", "opencv-python")


class FileTally:
    """Counts over the frames of one file; keeps one small record per track, whatever the length.

    A frame lasts until the next one, so that times are right at a variable rate.
    """

    def __init__(self, contract: ModelContract, prior: Prior) -> None:
        self._labels = contract.labels
        self._divisor = prior_divisor(contract, prior)
        self._tracks: dict[int, _TrackTally] = {}
        self._last: FrameResult | None = None
        self._first_s = 0.0
        self._frame_s = 0.0
        self._frames = 0

    def add(self, result: FrameResult) -> None:
        """Add the next frame's settled result."""
        if self._last is None:
            self._first_s = result.time_s
        else:
            self._frame_s = result.time_s - self._last.time_s
            self._credit(self._last, self._frame_s)
        for track in result.tracks:
            tally = self._tracks.setdefault(track.track_id, _TrackTally(len(self._labels)))
            label = self._labels.index(track.label)
            tally.see(track, label, result.time_s, track.raw / self._divisor)
        self._last = result
        self._frames += 1

    def finish(self, last_frame_s: float | None) -> dict[str, Any]:
        """Return the summary's figures; call once, after the last frame.

        Args:
            last_frame_s: Duration of the last frame, in seconds; None for that of the one before.
        """
        last_s = self._frame_s if last_frame_s is None else last_frame_s
        end_s = self._first_s
        if self._last is not None:
            self._credit(self._last, last_s)
            end_s = self._last.time_s + last_s
        return {
            "frames": self._frames,
            "first_s": _rounded(self._first_s),
            "duration_s": _rounded(end_s - self._first_s),
            "tracks": [
                {"track": track_id, **self._tracks[track_id].figures(self._labels)}
                for track_id in sorted(self._tracks)
            ],
        }

    def _credit(self, result: FrameResult, frame_s: float) -> None:
        """Add the duration of a frame to each of its faces."""
        for track in result.tracks:
            label = self._labels.index(track.label)
            self._tracks[track.track_id].show(label, frame_s, uncertain=track.uncertain)


class _TrackTally:
    """Counts over the frames of one track."""

    def __init__(self, labels: int) -> None:
        self._first_s = self._last_s = 0.0
        self._frames = 0
        self._seconds = np.zeros(labels)
        self._uncertain_s = 0.0
        self._steady_sum, self._raw_sum = np.zeros(labels), np.zeros(labels)
        self._flips, self._raw_flips = _Flips(), _Flips()

    def see(
        self, track: Track, label: int, time_s: float, unsteadied: NDArray[np.floating[Any]]
    ) -> None:
        """Count one frame: its label, and what its label would be without smoothing."""
        self._first_s = self._first_s if self._frames else time_s
        self._last_s = time_s
        self._frames += 1
        self._steady_sum += track.steady
        self._raw_sum += track.raw
        self._flips.see(label)
        self._raw_flips.see(int(np.argmax(unsteadied)))

    def show(self, label: int, frame_s: float, *, uncertain: bool) -> None:
        """Add the duration of a frame."""
        self._seconds[label] += frame_s
        self._uncertain_s += frame_s if uncertain else 0.0

    def figures(self, labels: tuple[str, ...]) -> dict[str, Any]:
        """Return the track's part of the summary."""
        minutes = float(self._seconds.sum()) / 60
        return {
            "first_s": _rounded(self._first_s),
            "last_s": _rounded(self._last_s),
            "frames": self._frames,
            "seconds": _by_label(labels, self._seconds),
            "uncertain_s": _rounded(self._uncertain_s),
            "mean_probabilities": _by_label(labels, self._steady_sum / self._frames),
            "mean_raw_probabilities": _by_label(labels, self._raw_sum / self._frames),
            "flips_per_minute": {
                "raw": self._raw_flips.per_minute(minutes),
                "smoothed": self._flips.per_minute(minutes),
            },
        }


class _Flips:
    """How often a label changes."""

    def __init__(self) -> None:
        self._label: int | None = None
        self._count = 0

    def see(self, label: int) -> None:
        """Add the label of the next frame."""
        self._count += self._label is not None and label != self._label
        self._label = label

    def per_minute(self, minutes: float) -> float:
        """Return the rate; 0 for a face with a duration of 0."""
        return _rounded(self._count / minutes) if minutes > 0 else 0.0


@cache
def versions() -> dict[str, str]:
    """Return the versions of the packages involved, by the names under which they are installed."""
    found = {"fer-live": installed_version(), "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_summary(path: Path, summary: dict[str, Any]) -> None:
    """Write a summary as JSON.

    Raises:
        SinkError: The disk reports an error.
    """
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False)
    with disk_errors(path):
        # A name that is not UTF-8 is written with JSON escapes, and is restored when read.
        path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def read_summary(path: Path) -> dict[str, Any] | None:
    """Return a summary that was written before; None if there is no readable one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _by_label(labels: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, float]:
    """Return one rounded number per label."""
    return {label: _rounded(value) for label, value in zip(labels, values.tolist(), strict=True)}


def _rounded(value: float) -> float:
    """Return seconds or a probability with six decimals."""
    return round(float(value), _DIGITS)
