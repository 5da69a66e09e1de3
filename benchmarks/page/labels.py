"""Are the labels in the page those of `annotate` on the same frames of a clip?

    python -m benchmarks.page.labels CLIP --seconds 35

Chromium's camera plays the clip. Each picture that the page sends says by its blocks which one it
is, and so the page's answer to it is held against `annotate`'s row for the same picture. What is
asked was written down before it was first measured: the page sees pictures once more compressed, a
live finder and no future, so for the network's own answer (`raw`) the same best label in 95 % of
frames and a median distance (total variation) of at most 0.05; for the label that is shown,
the same in 90 % of the frames that are more than half a second from a change of `annotate`'s.
"""

import argparse
import csv
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.page.browser import chromium, visit
from benchmarks.page.camera_clip import FPS, index_of, write_camera_clip
from fer_live.labels import LABELS
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.serve.picture import HEAD, picture_of
from tests.realtime.serve.serving import served

RAW_ALIKE: Final = 0.95
RAW_APART: Final = 0.05
SHOWN_ALIKE: Final = 0.90
NEAR_A_CHANGE_S: Final = 0.5
LEAST_FRAMES: Final = 100
TIE: Final = 0.1
"""Two labels whose probabilities are no further apart than this are nearly alike."""


@dataclass(frozen=True, slots=True)
class Named:
    """What one face of a frame is said to show.

    Attributes:
        shown: The label.
        raw: The network's own probabilities, by label.
    """

    shown: str
    raw: Mapping[str, float]

    @property
    def best(self) -> str:
        """The label of the largest raw probability."""
        return max(self.raw, key=lambda name: self.raw[name])


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the page sent.

    Attributes:
        index: Of the clip's picture that it is.
        time_s: When it was sent, on the browser's clock.
        jpeg: The picture as it was sent.
    """

    index: int
    time_s: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page was seen to do.

    Attributes:
        pictures: What it sent, as far as it was answered.
        answers: Index of the clip's picture, and what the page was told of it.
        rate: Frames a second in the page.
        p95_ms: From picture to label, 95th percentile.
    """

    pictures: Sequence[Picture]
    answers: Sequence[tuple[int, Named]]
    rate: float
    p95_ms: float


def main() -> int:
    """Measure, print and return the exit status: 1 where the labels are not alike enough."""
    chosen = arguments(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        camera, video = write_camera_clip(chosen.clip, folder, chosen.seconds)
        expected = annotated(video, folder / "out", chosen.model)
        seen = in_the_page(camera, chosen.seconds, chosen.model)
    sys.stdout.write(f"{seen.rate:.1f} frames a second, {seen.p95_ms:.0f} ms to the label (p95)\n")
    return 0 if alike(expected, seen.answers) else 1


def arguments(about: str | None) -> argparse.Namespace:
    """Read the command line: a clip, how many seconds of it, and the model."""
    parser = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--seconds", type=float, default=35.0)
    parser.add_argument("--model", default="small")
    return parser.parse_args()


def annotated(video: Path, out: Path, model: str) -> dict[int, Named]:
    """Return what `annotate` says of each picture with one face, by index."""
    report = annotate([video], out, AnnotateSettings(model=model, video=False))
    table = next(file for file in report.outcomes[0].files if file.suffix == ".csv")
    with table.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["track"]]
    return {
        int(row["frame"]): Named(row["label"], {name: float(row[f"raw_{name}"]) for name in LABELS})
        for row in rows
    }


def in_the_page(camera: Path, seconds: float, model: str) -> Seen:
    """Let the page watch the camera for so long, and return what it was told."""
    sent: list[bytes] = []
    got: list[dict[str, Any]] = []

    def take(text: str | bytes) -> None:
        message = json.loads(text)
        if "faces" in message:
            got.append(message)

    def listen(socket: Any) -> None:
        socket.on("framesent", lambda data: sent.append(data) if data[:1] != "{" else None)
        socket.on("framereceived", take)

    with (
        served("--model", model) as address,
        chromium(camera) as browser,
        visit(browser, address, on_websocket=listen) as page,
    ):
        page.wait_for_timeout(1000 * seconds)
        figures = page.evaluate("window.ferLive")
    pictures = [_picture(data) for data in sent[: len(got)]]
    answers = [
        (picture.index, named(message["faces"][0]))
        for picture, message in zip(pictures, got, strict=False)
        if len(message["faces"]) == 1
    ]
    return Seen(pictures, answers, figures["rate"], figures["p95"])


def _picture(data: bytes) -> Picture:
    time_s, rgb = picture_of(data)
    return Picture(index_of(rgb), time_s, data[HEAD.size :])


def alike(expected: Mapping[int, Named], answers: Sequence[tuple[int, Named]]) -> bool:
    """Print how far the page's labels are `annotate`'s, and return whether that is enough."""
    pairs = [(index, expected[index], said) for index, said in answers if index in expected]
    if len(pairs) < LEAST_FRAMES:
        sys.stdout.write(f"only {len(pairs)} frames were seen by both: too few\n")
        return False
    settled = [pair for pair in pairs if not _changes_near(expected, pair[0])]
    raw = sum(theirs.best == said.best for _, theirs, said in pairs) / len(pairs)
    apart = statistics.median(distance(theirs.raw, said.raw) for _, theirs, said in pairs)
    shown = sum(theirs.shown == said.shown for _, theirs, said in settled) / len(settled)
    every = sum(theirs.shown == said.shown for _, theirs, said in pairs) / len(pairs)
    ties = [lead(theirs.raw) < TIE for _, theirs, said in pairs if theirs.best != said.best]
    enough = raw >= RAW_ALIKE and apart <= RAW_APART and shown >= SHOWN_ALIKE
    sys.stdout.write(
        f"{len(pairs)} frames, {len({index for index, *_ in pairs})} of them different; the "
        f"network's best label is the same in {raw:.1%} (asked: {RAW_ALIKE:.0%}; of the "
        f"{len(ties)} others {sum(ties)} were ties within {TIE} to annotate), its answers are "
        f"{apart:.4f} apart in the median (asked: {RAW_APART}); the label shown is the same in "
        f"{shown:.1%} of {len(settled)} frames away from changes (asked: {SHOWN_ALIKE:.0%}) and in "
        f"{every:.1%} of all: {'alike' if enough else 'NOT ALIKE'}\n"
    )
    return enough


def named(face: Mapping[str, Any]) -> Named:
    """Return what a message says of a face."""
    return Named(face["label"], face["raw"])


def distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the total variation of two distributions, in [0, 1]."""
    return sum(abs(one[name] - other[name]) for name in one) / 2


def lead(raw: Mapping[str, float]) -> float:
    """Return by how much the best label leads the next."""
    first, second = sorted(raw.values(), reverse=True)[:2]
    return first - second


def _changes_near(expected: Mapping[int, Named], index: int) -> bool:
    """Whether `annotate` changes its label within half a second of a picture."""
    reach = round(NEAR_A_CHANGE_S * FPS)
    near = range(index - reach, index + reach + 1)
    return len({expected[n].shown for n in near if n in expected}) > 1


if __name__ == "__main__":
    sys.exit(main())
