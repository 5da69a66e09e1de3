"""What it buys in video to read consecutive frames in different views of the face.

    python -m benchmarks.views ../shared/video --model small

Reading every second frame mirrored, or a little turned and zoomed, costs nothing, where answers are
averaged over consecutive frames anyway: by the smoothing alone, or over one round of views before
it (the mean of the logits). A row a way: label changes in a minute of a face, the mean step of the
steady probabilities from frame to frame (total variation, in points), and how many of the scenes
whose emotion is known are named right (see `benchmarks.clips`).
"""

import argparse
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import scenes_of, shown_in
from fer_live.arrays import Crops
from fer_live.errors import FerLiveError
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier, Prediction
from fer_live.realtime.inference.priors import softmax
from fer_live.realtime.pipeline import Pipeline, Sighting
from fer_live.realtime.results import FrameResult, Track
from fer_live.realtime.sources import open_video
from fer_live.terminal.markdown import markdown_table

TURNED_DEG: Final = 4.0
ZOOMED: Final = 1.05
LEAST_FRAMES: Final = 15
"""Tracks shorter than this say nothing of steadiness."""


def _moved(crops: Crops, turn_deg: float, zoom: float) -> Crops:
    """Return (N, S, S) crops turned about their centre and zoomed, edges drawn out."""
    if not len(crops):
        return crops
    side = crops.shape[1]
    centre = (side - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), turn_deg, zoom)
    moved = [
        cv2.warpAffine(
            one, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        for one in crops
    ]
    return np.stack(moved).astype(np.uint8)


def _mirrored(crops: Crops, frame: int) -> Crops:
    return np.ascontiguousarray(crops[:, :, ::-1]) if frame % 2 else crops


def _turned(crops: Crops, frame: int) -> Crops:
    way = (0.0, 1.0, 0.0, -1.0)[frame % 4]
    return _moved(crops, TURNED_DEG * way, ZOOMED**way) if way else crops


def _plain(crops: Crops, _: int) -> Crops:
    return crops


class Way:
    """One way of reading a clip: a view of each frame, and over how many frames is averaged."""

    def __init__(self, view: Callable[[Crops, int], Crops], frames: int = 1) -> None:
        """Begin a clip.

        Args:
            view: From crops and the frame's number to what the network is shown.
            frames: The mean of the logits is taken over a track's last so many; 1 for none.
        """
        self._view, self._frames = view, frames
        self._last: dict[int, deque[NDArray[np.float32]]] = {}

    def read(self, classifier: OnnxClassifier, sighting: Sighting, number: int) -> Prediction:
        """Return what the network says of a frame's faces, averaged."""
        said = classifier.classify(self._view(sighting.crops, number))
        if self._frames == 1 or not len(said.logits):
            return said
        means = []
        for (track_id, _), logits in zip(sighting.tracked, said.logits, strict=True):
            kept = self._last.setdefault(track_id, deque(maxlen=self._frames))
            kept.append(logits)
            means.append(np.mean(kept, axis=0))
        mean = np.stack(means).astype(np.float32)
        return Prediction(softmax(mean / np.float32(classifier.contract.temperature)), mean)


WAYS: Final[dict[str, tuple[Callable[[Crops, int], Crops], int]]] = {
    "every frame as it is": (_plain, 1),
    "every second one mirrored": (_mirrored, 1),
    "every second one turned by 4 degrees and zoomed by 5 %, to and fro": (_turned, 1),
    "every frame as it is, mean of 2": (_plain, 2),
    "mirrored, mean of 2": (_mirrored, 2),
    "every frame as it is, mean of 4": (_plain, 4),
    "turned and zoomed, mean of 4": (_turned, 4),
}


@dataclass
class Steadiness:
    """What was seen of the tracks of several clips."""

    seconds: float = 0.0
    changes: int = 0
    steps: list[float] = field(default_factory=list)

    def add(self, results: Sequence[FrameResult]) -> None:
        """Take in one clip."""
        tracks: dict[int, list[tuple[float, Track]]] = defaultdict(list)
        for result in results:
            for track in result.tracks:
                tracks[track.track_id].append((result.time_s, track))
        for seen in tracks.values():
            if len(seen) < LEAST_FRAMES:
                continue
            self.seconds += seen[-1][0] - seen[0][0]
            for (_, before), (_, after) in pairwise(seen):
                self.changes += before.label != after.label
                self.steps.append(float(np.abs(after.steady - before.steady).sum() / 2))

    def cells(self) -> tuple[str, str]:
        """Return changes a minute and the mean step in points."""
        minutes = max(self.seconds / 60, 1e-9)
        return f"{self.changes / minutes:.1f}", f"{100 * float(np.mean(self.steps or [0])):.2f}"


def read_in_every_way(clip: Path, classifier: OnnxClassifier) -> dict[str, list[FrameResult]]:
    """Return the results of a clip in each way."""
    read: dict[str, list[FrameResult]] = {}
    for name, how in WAYS.items():
        way = Way(*how)
        with open_video(clip) as source, open_finder(FaceSettings(), live=True) as finder:
            pipeline, read[name] = Pipeline(finder, classifier), []
            for number, frame in enumerate(source):
                sighting = pipeline.look(frame)
                said = way.read(classifier, sighting, number)
                read[name].append(pipeline.name(sighting, said, classify_ms=0.0))
    return read


def measure(folder: Path, model: str) -> None:
    """Print the table."""
    classifier = OnnxClassifier(model)
    scenes = list(scenes_of(folder, classifier.contract.labels))
    known = list(dict.fromkeys(scene.file for scene in scenes))
    people = [str(path.relative_to(folder)) for path in sorted((folder / "demo").glob("*.m*"))]
    steady = {name: (Steadiness(), Steadiness()) for name in WAYS}
    right = dict.fromkeys(WAYS, 0)
    for file in (*known, *people):
        for name, results in read_in_every_way(folder / file, classifier).items():
            steady[name][file in people].add(results)
            right[name] += sum(
                shown_in(results, scene) == scene.label for scene in scenes if scene.file == file
            )
    rows = [
        (
            name,
            *steady[name][0].cells(),
            *steady[name][1].cells(),
            f"{right[name]} of {len(scenes)}",
        )
        for name in WAYS
    ]
    heads = ["read", "acted clips: changes a minute", "mean step"]
    heads += ["people's clips: changes a minute", "mean step", "scenes named right"]
    print(f"{model}: {len(known)} acted clips, {len(people)} of people\n")
    print(markdown_table(heads, rows))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="small", help="name or .onnx file")
    given = parser.parse_args()
    if not (given.folder / "index.csv").is_file():
        parser.error(f"{given.folder} holds no index.csv; name the folder that has the clips")
    try:
        measure(given.folder, given.model)
    except FerLiveError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
