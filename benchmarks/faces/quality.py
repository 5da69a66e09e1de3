"""What spoils a label: fits `quality` on spoiled photographs and judges it on others.

    python -m benchmarks.faces.quality WILD --each 80

WILD holds photographs in one folder a label. Each is read as it is and spoiled in ten ways
(blurred, dark, noisy, small, partly hidden, compressed). Half of the photographs give the
coefficients that stand in `realtime/measures/quality.py`: of a logistic function for the chance
that spoiling did not change the label, each sign held to what spoils; hidden faces, which its
figures cannot see, are left out. The other half gives the figures: the area under the
risk-coverage curve (the mean risk over all shares of rows that are kept, best first) when rows are
kept by quality, by confidence, by both multiplied. Risk is told twice: that the label is not what
the same photograph gives unspoiled, and that it is not the photographer's. Intervals are a
bootstrap over photographs.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Image
from fer_live.bundle import DEFAULT_MODEL
from fer_live.realtime.faces import FaceSettings, open_face_networks, open_finder
from fer_live.realtime.faces.networks import FaceNetworks
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.measures.pixels import appearance
from fer_live.realtime.measures.quality import COEFFICIENTS, features, quality
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import Box, Frame
from fer_live.realtime.sources import read_picture

LABELS: Final = ("angry", "sad", "surprise", "happy", "neutral")
"""Of WILD's; its `disgust` and `fear` are too noisy and too few."""
ENLARGED: Final = 2
SIGNS: Final = np.array([1, 1, -1, 1, -1, 1])
"""What of `COEFFICIENTS` is good for a label, and what is bad."""
RIDGE: Final = 1.0
RATE: Final = 0.5
STEPS: Final = 4000
ROUNDS: Final = 500
BY_CONFIDENCE: Final = "confidence"
COVERED: Final = (60, 60, 60)
ONE_FACE: Final = FaceSettings(max_faces=1)
Spoil = Callable[[Image, Box, np.random.Generator], Image]


def blurred(share: float) -> Spoil:
    """Blur by a share of the face's width."""
    return lambda rgb, box, _: cv2.GaussianBlur(rgb, (0, 0), share * box.width_px).astype(np.uint8)


def dark(gain: float) -> Spoil:
    """Take light away, and add the noise that comes with it."""

    def spoil(rgb: Image, _: Box, rng: np.random.Generator) -> Image:
        seen = rgb * gain + rng.normal(0, 4, rgb.shape)
        return np.clip(seen, 0, 255).astype(np.uint8)

    return spoil


def noisy(deviation: float) -> Spoil:
    """Add noise."""

    def spoil(rgb: Image, _: Box, rng: np.random.Generator) -> Image:
        return np.clip(rgb + rng.normal(0, deviation, rgb.shape), 0, 255).astype(np.uint8)

    return spoil


def small(face_px: float) -> Spoil:
    """Shrink until the face has so many pixels across, then put it into a larger picture."""

    def spoil(rgb: Image, box: Box, _: np.random.Generator) -> Image:
        scale = face_px / box.width_px
        shrunk = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return cv2.copyMakeBorder(shrunk, 40, 40, 40, 40, cv2.BORDER_REPLICATE).astype(np.uint8)

    return spoil


def hidden(x: tuple[float, float], y: tuple[float, float]) -> Spoil:
    """Cover a part of the face's box, given in fractions of it."""

    def spoil(rgb: Image, box: Box, _: np.random.Generator) -> Image:
        covered = rgb.copy()
        left, right = (int(box.x0 + f * box.width_px) for f in x)
        top, bottom = (int(box.y0 + f * box.height_px) for f in y)
        cv2.rectangle(covered, (left, top), (right, bottom), COVERED, -1)
        return covered

    return spoil


def compressed(quality_percent: int) -> Spoil:
    """Save as a JPEG of low quality."""

    def spoil(rgb: Image, _: Box, __: np.random.Generator) -> Image:
        data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality_percent])[1]
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

    return spoil


SPOILS: Final[Mapping[str, Spoil]] = {
    "as it is": lambda rgb, _, __: rgb,
    "blurred": blurred(0.03),
    "much blurred": blurred(0.06),
    "dark": dark(0.25),
    "very dark": dark(0.08),
    "noisy": noisy(25),
    "small": small(32),
    "very small": small(20),
    "mouth hidden": hidden((0.1, 0.9), (0.62, 1.0)),
    "half hidden": hidden((0.0, 0.5), (0.0, 1.0)),
    "compressed": compressed(8),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """What was seen in N spoiled photographs.

    Attributes:
        photograph: (N,) which.
        spoil: (N,) how it was spoiled.
        features: (N, F) see `features`.
        confidence: (N,) of the label.
        wrong: (N,) whether the label is not the photograph's.
        changed: (N,) whether it is not what was seen before the photograph was spoiled.
    """

    photograph: NDArray[np.int64]
    spoil: NDArray[np.str_]
    features: NDArray[np.float64]
    confidence: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    changed: NDArray[np.bool_]


def look(
    folder: Path, each: int, networks: FaceNetworks
) -> Iterator[tuple[int, str, list[float], float, bool, bool]]:
    """Yield what is seen in every spoiled photograph that has a face."""
    classifier = OnnxClassifier(DEFAULT_MODEL, device="cpu")

    def seen(rgb: Image) -> Pipeline:
        finder = open_finder(ONE_FACE, live=False, networks=networks)
        return Pipeline(finder, classifier, PipelineSettings(prior="balanced"))

    number = 0
    for label in LABELS:
        for path in sorted((folder / label).glob("*.jpg"))[:each]:
            rgb = read_picture(path)
            rgb = cv2.resize(rgb, None, fx=ENLARGED, fy=ENLARGED).astype(np.uint8)
            whole = seen(rgb).process(Frame(0, 0.0, rgb)).tracks
            if not whole:
                continue
            number += 1
            rng = np.random.default_rng(number)
            for name, spoil in SPOILS.items():
                spoiled = np.ascontiguousarray(spoil(rgb, whole[0].face.box, rng))
                for track in seen(spoiled).process(Frame(0, 0.0, spoiled)).tracks:
                    points = track.face.landmarks_px
                    if points is not None:
                        found = features(appearance(spoiled, points))
                        changed = track.label != whole[0].label
                        yield number, name, found, track.confidence, track.label != label, changed


def fitted(x: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (F + 1,) coefficients of a logistic regression, the constant last.

    Projected gradient descent: a coefficient of another sign than `SIGNS` says is 0.
    """
    mean, spread = x.mean(axis=0), x.std(axis=0)
    z, w, constant = (x - mean) / spread, np.zeros(x.shape[1]), 0.0
    for _ in range(STEPS):
        error = 1 / (1 + np.exp(-(z @ w + constant))) - kept
        w -= RATE * (z.T @ error + RIDGE * w) / len(z)
        w[w * SIGNS < 0] = 0.0
        constant -= RATE * float(error.mean())
    scaled = w / spread
    return np.append(scaled, constant - scaled @ mean)


def area(score: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
    """Return the area under the risk-coverage curve (Geifman and El-Yaniv 2017)."""
    kept = wrong[np.argsort(-score, kind="stable")]
    return float((np.cumsum(kept) / np.arange(1, len(kept) + 1)).mean())


def told(rows: Rows, scores: Mapping[str, NDArray[np.float64]], wrong: NDArray[np.bool_]) -> None:
    """Print the area of each score, and how much less it is than confidence's; 95 % intervals."""
    rng = np.random.default_rng(0)
    of = [np.flatnonzero(rows.photograph == k) for k in np.unique(rows.photograph)]
    drawn = [
        np.concatenate([of[k] for k in rng.integers(len(of), size=len(of))]) for _ in range(ROUNDS)
    ]
    areas = {
        name: np.array([area(score[chosen], wrong[chosen]) for chosen in drawn])
        for name, score in scores.items()
    }
    for name, score in scores.items():
        low, high = 100 * np.quantile(areas[name], (0.025, 0.975))
        less = 100 * np.quantile(areas[BY_CONFIDENCE] - areas[name], (0.025, 0.975))
        print(
            f"    by {name:22} {100 * area(score, wrong):5.1f} % ({low:.1f} to {high:.1f}), "
            f"less than by confidence by {less[0]:+.1f} to {less[1]:+.1f}"
        )


def part(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    """Return some of the rows."""
    return Rows(
        rows.photograph[chosen],
        rows.spoil[chosen],
        rows.features[chosen],
        rows.confidence[chosen],
        rows.wrong[chosen],
        rows.changed[chosen],
    )


def main() -> None:
    """Look, fit, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wild", type=Path)
    parser.add_argument("--each", type=int, default=80, help="photographs of each label")
    wanted = parser.parse_args()
    with closing(open_face_networks(ONE_FACE)) as networks:
        columns = zip(*look(wanted.wild, wanted.each, networks), strict=True)
    rows = Rows(*(np.array(column) for column in columns))
    seen = ~np.char.endswith(rows.spoil, "hidden")
    learned, judged = rows.photograph % 2 == 1, rows.photograph % 2 == 0
    weights = fitted(rows.features[learned & seen], ~rows.changed[learned & seen])
    print("coefficients from", len(np.unique(rows.photograph[learned])), "photographs:")
    for name, value in zip((*COEFFICIENTS, "constant"), weights, strict=True):
        print(f"    {name}: {value:.3f}")
    shipped = np.array([quality(row) for row in rows.features])
    chance = np.random.default_rng(0).random(len(shipped))
    for what, chosen in (("all", judged), ("all but hidden", judged & seen)):
        here = part(rows, chosen)
        scores = {
            "quality": shipped[chosen],
            BY_CONFIDENCE: here.confidence,
            "quality x confidence": shipped[chosen] * here.confidence,
            "chance": chance[chosen],
        }
        count = f"{chosen.sum()} rows of {len(np.unique(here.photograph))} others, {what}"
        print(f"{count}; not as unspoiled: {here.changed.mean():.1%}")
        told(here, scores, here.changed)
        print(f"{count}; not the photographer's: {here.wrong.mean():.1%}")
        told(here, scores, here.wrong)
    for name in SPOILS:
        here = part(rows, judged & (rows.spoil == name))
        print(
            f"    {name:14} n {len(here.wrong):4} not as unspoiled {here.changed.mean():6.1%} "
            f"quality {np.mean([quality(row) for row in here.features]):.2f} "
            f"confidence {here.confidence.mean():.2f}"
        )


if __name__ == "__main__":
    main()
