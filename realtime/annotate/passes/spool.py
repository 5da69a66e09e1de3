"""Settled results on disk, so that a second run over the frames can draw them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from fer_live.realtime.annotate.workspace import disk_errors, scratch_file
from fer_live.realtime.results import Box, Face, FrameResult, StageTimes, Track

_FRAME: Final = np.dtype([("index", "<i8"), ("time_s", "<f8"), ("faces", "<i8")])
_NOT_TIMED: Final = StageTimes(0.0, 0.0, 0.0, 0.0, 0.0)


class Spool:
    """A file of results, written once in order and then read once.

    Landmarks and blendshapes are not kept: nothing that is drawn needs them. Nor are the times
    that the stages took.
    """

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        """Begin the file.

        Raises:
            SinkError: It cannot be written.
        """
        self._path = path
        self._labels = tuple(labels)
        self._face = _face_record(len(labels))
        self._opened = scratch_file(path)
        self._file = self._opened.__enter__()

    def add(self, result: FrameResult) -> None:
        """Add the next frame's result.

        Raises:
            SinkError: The disk refuses.
        """
        head = np.array((result.frame_index, result.time_s, len(result.tracks)), _FRAME)
        faces = np.array([self._row(track) for track in result.tracks], self._face)
        with disk_errors(self._path):
            self._file.write(head.tobytes() + faces.tobytes())

    def __iter__(self) -> Iterator[FrameResult]:
        """Yield every result from the first on."""
        with disk_errors(self._path):
            self._file.flush()
        self._file.seek(0)
        while data := self._file.read(_FRAME.itemsize):
            head = np.frombuffer(data, _FRAME)[0]
            rows = np.frombuffer(
                self._file.read(self._face.itemsize * int(head["faces"])), self._face
            )
            tracks = tuple(self._track(row) for row in rows)
            yield FrameResult(int(head["index"]), float(head["time_s"]), tracks, _NOT_TIMED)

    def _row(self, track: Track) -> tuple[object, ...]:
        """Return the values of one record."""
        return (
            track.track_id,
            self._labels.index(track.label),
            track.confidence,
            track.uncertain,
            track.first_s,
            track.face.score,
            track.face.measured,
            tuple(track.face.box),
            track.face.anchors_px,
            track.steady,
            track.raw,
        )

    def _track(self, row: Any) -> Track:
        """Return what one record holds."""
        face = Face(
            box=Box(*row["box"].tolist()),
            anchors_px=row["anchors_px"],
            score=float(row["score"]),
            measured=bool(row["measured"]),
        )
        return Track(
            track_id=int(row["track_id"]),
            face=face,
            raw=row["raw"],
            steady=row["steady"],
            label=self._labels[int(row["label"])],
            confidence=float(row["confidence"]),
            uncertain=bool(row["uncertain"]),
            first_s=float(row["first_s"]),
            labels=self._labels,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opened.__exit__(kind, error, trace)


def _face_record(labels: int) -> np.dtype[np.void]:
    """Return the record of one face with K labels."""
    return np.dtype(
        [
            ("track_id", "<i8"),
            ("label", "<i8"),
            ("confidence", "<f8"),
            ("uncertain", "?"),
            ("first_s", "<f8"),
            ("score", "<f8"),
            ("measured", "?"),
            ("box", "<f8", (4,)),
            ("anchors_px", "<f8", (3, 2)),
            ("steady", "<f4", (labels,)),
            ("raw", "<f4", (labels,)),
        ]
    )
