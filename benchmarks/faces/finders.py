"""What changes when ONNX Runtime runs MediaPipe's face networks instead of MediaPipe itself.

    python -m benchmarks.faces.finders CLIP... --markdown FILE

Both go through the same frames in turns, in one process on one core, everything else as shipped;
time is that of the processor.
So does MediaPipe once more, on frames whose pixels are brighter or darker by one level at random:
what that changes is what no label can be held to.
Faces of a frame are the same where there are as many and each overlaps its own by half or more.
Distances are those of eyes and mouth in pixels of the model's crop; labels and probabilities are
steadied ones. The tolerance stands in docs/decisions/0019-faces-without-mediapipe.md.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from fer_live.realtime.bench.one_core import use_one_core

PINNED = use_one_core()  # before numpy counts the cores

import numpy as np  # noqa: E402 (after the pinning, as all that follows)
from numpy.typing import NDArray  # noqa: E402

from fer_live.arrays import Image  # noqa: E402
from fer_live.bundle import DEFAULT_MODEL  # noqa: E402
from fer_live.crop import CropGeometry, crop_transform  # noqa: E402
from fer_live.realtime.bench.measures.machine import this_machine  # noqa: E402
from fer_live.realtime.faces import FaceSettings, FinderName, open_finder  # noqa: E402
from fer_live.realtime.faces.views import carried  # noqa: E402
from fer_live.realtime.inference.classifier import OnnxClassifier  # noqa: E402
from fer_live.realtime.pipeline import Pipeline  # noqa: E402
from fer_live.realtime.results import FrameResult, Track  # noqa: E402
from fer_live.realtime.sources import open_video  # noqa: E402
from fer_live.terminal.markdown import markdown_row, markdown_table  # noqa: E402

SAME_FACE_IOU = 0.5
REFERENCE: FinderName = "mediapipe"
OTHER: FinderName = "onnx"


@dataclass
class FinderComparison:
    """What was seen of one clip; each list has an item a face that both saw."""

    frames: int = 0
    same_faces: int = 0
    faces: int = 0
    distances_px: list[float] = field(default_factory=list)
    equal: list[bool] = field(default_factory=list)
    sure: list[bool] = field(default_factory=list)
    probability: list[float] = field(default_factory=list)
    taken_ms: list[float] = field(default_factory=list)

    def add(self, reference: FrameResult, other: FrameResult, crop: CropGeometry) -> None:
        """Compare two results of one frame."""
        pairs = list(paired(reference.tracks, other.tracks))
        self.frames += 1
        self.faces += len(reference.tracks)
        self.same_faces += len(pairs) == len(reference.tracks) == len(other.tracks)
        for one, two in pairs:
            self.distances_px += distances_px(one, two, crop).tolist()
            self.equal.append(one.label == two.label)
            self.sure.append(not one.uncertain)
            self.probability.append(float(np.abs(one.steady - two.steady).max()))


def paired(ones: Sequence[Track], others: Sequence[Track]) -> Iterator[tuple[Track, Track]]:
    """Yield the faces of two results of one frame that are the same, each once."""
    left = list(others)
    for one in ones:
        best = max(left, key=lambda other: other.face.box.iou(one.face.box), default=None)
        if best is not None and best.face.box.iou(one.face.box) >= SAME_FACE_IOU:
            left = [other for other in left if other is not best]
            yield one, best


def distances_px(one: Track, other: Track, crop: CropGeometry) -> NDArray[np.float64]:
    """Return how far apart two faces' eyes and mouths are in the first one's crop."""
    transform = crop_transform(one.face.anchors_px, crop)
    apart = carried(one.face.anchors_px, transform) - carried(other.face.anchors_px, transform)
    lengths: NDArray[np.float64] = np.hypot(*apart.T)
    return lengths


def compared(
    clip: Path, classifier: OnnxClassifier, frames: int
) -> tuple[FinderComparison, FinderComparison]:
    """Run the finders on a clip, in turns; return the other one and the noise."""
    found = FinderComparison(), FinderComparison()
    times: list[list[float]] = []
    rng = np.random.default_rng(0)
    with ExitStack() as stack:
        source = stack.enter_context(open_video(clip))
        pipelines = [
            Pipeline(
                stack.enter_context(open_finder(FaceSettings(finder=name), live=True)), classifier
            )
            for name in (REFERENCE, OTHER, REFERENCE)
        ]
        for frame in islice(source, frames):
            noisy = replace(frame, rgb=with_noise(frame.rgb, rng))
            shown = [frame, frame, noisy]
            taken = [0.0] * len(pipelines)
            results = {}
            for k in np.roll(range(len(pipelines)), frame.index).tolist():
                start = time.process_time()
                results[k] = pipelines[k].process(shown[k])
                taken[k] = 1000 * (time.process_time() - start)
            times.append(taken)
            for k, each in enumerate(found, start=1):
                each.add(results[0], results[k], classifier.contract.crop)
    whole = np.sum(times, axis=0).tolist()
    for k, each in enumerate(found, start=1):
        each.taken_ms = [whole[0], whole[k]]
    return found


def with_noise(rgb: Image, rng: np.random.Generator) -> Image:
    """Return a picture with -1, 0 or 1 added to each value."""
    noise = rng.integers(-1, 2, rgb.shape, np.int8)
    noisy: Image = np.clip(rgb.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return noisy


COLUMNS = (
    "clip",
    "MediaPipe against",
    "frames",
    "faces",
    "same faces",
    "eyes and mouth apart, px: median / 95th / most",
    "labels equal",
    "where sure",
    "probability apart: median / 95th / most",
    "time",
)


def row(name: str, other: str, found: FinderComparison) -> str:
    """Return a clip's line of the table."""
    sure = [equal for equal, is_sure in zip(found.equal, found.sure, strict=True) if is_sure]
    reference_ms, other_ms = found.taken_ms
    return markdown_row(
        (
            name,
            other,
            found.frames,
            found.faces,
            share(found.same_faces, found.frames),
            spread(found.distances_px, 2),
            share(sum(found.equal), len(found.equal)),
            f"{sum(sure)} of {len(sure)}",
            spread(found.probability, 3),
            f"{other_ms / reference_ms:.2f}",
        )
    )


def share(part: int, whole: int) -> str:
    """Return a part in percent; a dash where there is nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def spread(values: Sequence[float], digits: int) -> str:
    """Return median, 95th percentile and maximum; a dash where there is nothing."""
    if not values:
        return "-"
    return " / ".join(f"{value:.{digits}f}" for value in np.percentile(values, (50, 95, 100)))


def main() -> None:
    """Compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--frames", type=int, default=10**9, help="at most so many of each clip")
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    classifier = OnnxClassifier(options.model, device="cpu")
    lines = [markdown_table(COLUMNS, ())]
    print("\n".join(lines))
    for clip in options.clips:
        for other, found in zip(
            ("ONNX Runtime", "itself, one level of noise"),
            compared(clip, classifier, options.frames),
            strict=True,
        ):
            lines.append(row(clip.name, other, found))
            print(lines[-1], flush=True)
    machine = this_machine()
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    core = "one core" if PINNED is not None else "not pinned"
    lines += ["", f"{machine.processor}, {core}; {versions}; model {options.model}.", ""]
    if options.markdown is not None:
        options.markdown.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
