"""The results of slices, on disk until all slices of their file are finished.

`0007.faces` holds one record per frame and one per face. `0007.json` holds the rest, with the
checksum of the other; it is moved into place last and marks the slice as finished. Neither can hold
code, because the folder may be shared.
"""

import json
from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import numpy as np

from fer_live.errors import SourceError
from fer_live.realtime.annotate.fingerprint import sha256_of_file
from fer_live.realtime.annotate.slices.analysing import FrameFaces, SliceEnd, SliceItem
from fer_live.realtime.annotate.workspace import disk_errors, flush, scratch_file
from fer_live.realtime.faces import LastPlace
from fer_live.realtime.inference.classifier import Prediction
from fer_live.realtime.results import Box, Face

_FRAME: Final = np.dtype([("index", "<i8"), ("time_s", "<f8"), ("faces", "<i8")])
BLENDSHAPES: Final = 52


@dataclass(frozen=True, slots=True)
class SliceFacts:
    """The facts about a finished slice.

    Attributes:
        key: Identifies everything that its results depend on.
        first: Index, time and sha256 of its first frame; None if it has none.
        after: The same of the frame after its last; None at the end of the file.
        fault: What was wrong with the file in this slice; None if nothing was.
        end: The state of the faces at its end.
        faces_sha256: Of the file with its results, in hex.
    """

    key: str
    first: str | None
    after: str | None
    fault: str | None
    end: SliceEnd
    faces_sha256: str = ""

    def to_json(self) -> str:
        """Return the facts as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the facts from text.

        Raises:
            ValueError: It was not written by `to_json`.
        """
        try:
            told = json.loads(text)
            end = told["end"]
            places = tuple(
                LastPlace(int(p["follow_id"]), Box(*map(float, p["box"])), float(p["since_s"]))
                for p in end["places"]
            )
            return cls(
                str(told["key"]),
                told["first"],
                told["after"],
                told["fault"],
                SliceEnd(places, int(end["crowded"])),
                str(told["faces_sha256"]),
            )
        except (LookupError, TypeError) as error:
            raise ValueError(f"these are no facts of a slice: {error!r}") from error


def paths_of(folder: Path, number: int) -> tuple[Path, Path]:
    """Return the paths of a slice's results and of what marks them as finished."""
    return folder / f"{number:04}.faces", folder / f"{number:04}.json"


class SliceStore:
    """The hidden folder of one file's slices."""

    def __init__(self, folder: Path, labels: int, measures: Sequence[str]) -> None:
        """Store the place.

        Args:
            folder: It exists already.
            labels: Number of the model's labels.
            measures: Names of the measurements of each face, in a fixed order.
        """
        self._folder, self._names = folder, tuple(measures)
        self._face = _face_record(labels, len(self._names))

    def facts(self, number: int) -> SliceFacts | None:
        """Return the facts about a slice; None if it is not finished, or damaged."""
        try:
            facts = SliceFacts.from_json(self._facts_path(number).read_text(encoding="utf-8"))
            whole = sha256_of_file(self.writing(number)) == facts.faces_sha256
        except (OSError, ValueError, SourceError):
            return None
        return facts if whole else None

    def writing(self, number: int) -> Path:
        """Return the path of a slice's results."""
        return paths_of(self._folder, number)[0]

    def write(self, number: int, frames: Iterable[FrameFaces]) -> None:
        """Write the results of a slice; they count once `finish` was called.

        Raises:
            SinkError: The disk refuses.
        """
        path = self.writing(number)
        self._facts_path(number).unlink(missing_ok=True)
        with scratch_file(path) as file:
            for look in frames:
                with disk_errors(path):
                    file.write(self._bytes(look))
            with disk_errors(path):
                file.flush()

    def finish(self, number: int, facts: SliceFacts) -> None:
        """Mark a slice as finished.

        Raises:
            SinkError: The disk refuses.
        """
        path = self._facts_path(number)
        half = path.with_suffix(".half")
        with disk_errors(path):
            flush(self.writing(number))
            told = replace(facts, faces_sha256=sha256_of_file(self.writing(number)))
            half.write_text(told.to_json(), encoding="utf-8")
            flush(half)
            half.replace(path)

    def read(self, number: int, facts: SliceFacts) -> Generator[SliceItem]:
        """Yield the results of a slice, then the state at its end."""
        with self.writing(number).open("rb") as file:
            while data := file.read(_FRAME.itemsize):
                yield self._read_frame(np.frombuffer(data, _FRAME)[0], file)
        yield facts.end

    def _facts_path(self, number: int) -> Path:
        return paths_of(self._folder, number)[1]

    def _bytes(self, look: FrameFaces) -> bytes:
        """Return the records of one frame."""
        head = np.array((look.frame_index, look.time_s, len(look.faces)), _FRAME)
        said = look.prediction
        rows = [
            self._row(face, raw, logits)
            for face, raw, logits in zip(look.faces, said.probabilities, said.logits, strict=True)
        ]
        return head.tobytes() + np.array(rows, self._face).tobytes()

    def _row(self, face: Face, raw: Any, logits: Any) -> tuple[object, ...]:
        """Return the values of one face."""
        found = face.measures or {}
        shapes = face.blendshapes
        return (
            -1 if face.follow_id is None else face.follow_id,
            face.score,
            face.measured,
            tuple(face.box),
            face.anchors_px,
            shapes is not None,
            np.zeros(BLENDSHAPES) if shapes is None else shapes,
            face.measures is not None,
            [name in found for name in self._names],
            [found.get(name, 0.0) for name in self._names],
            raw,
            logits,
        )

    def _read_frame(self, head: Any, file: BinaryIO) -> FrameFaces:
        """Return one frame's results from its records."""
        data = file.read(self._face.itemsize * int(head["faces"]))
        rows = np.frombuffer(data, self._face)
        prediction = Prediction(rows["raw"].copy(), rows["logits"].copy())
        faces = tuple(map(self._read_face, rows))
        return FrameFaces(int(head["index"]), float(head["time_s"]), faces, prediction)

    def _read_face(self, row: Any) -> Face:
        """Return the face in one record."""
        values = zip(self._names, row["has"].tolist(), row["measures"].tolist(), strict=True)
        return Face(
            box=Box(*row["box"].tolist()),
            anchors_px=row["anchors_px"],
            score=float(row["score"]),
            blendshapes=row["blendshapes"] if row["shaped"] else None,
            follow_id=int(row["follow_id"]),
            measured=bool(row["measured"]),
            measures={n: value for n, has, value in values if has} if row["told"] else None,
        )


def _face_record(labels: int, measures: int) -> np.dtype[np.void]:
    """Return the record type of one face, for numbers of labels and measurements."""
    return np.dtype(
        [
            ("follow_id", "<i8"),
            ("score", "<f8"),
            ("measured", "?"),
            ("box", "<f8", (4,)),
            ("anchors_px", "<f8", (3, 2)),
            ("shaped", "?"),
            ("blendshapes", "<f4", (BLENDSHAPES,)),
            ("told", "?"),
            ("has", "?", (measures,)),
            ("measures", "<f8", (measures,)),
            ("raw", "<f4", (labels,)),
            ("logits", "<f4", (labels,)),
        ]
    )
