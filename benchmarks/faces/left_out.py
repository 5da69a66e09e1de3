"""What was tried for AU6, AU9 and gaze, and did not become columns: how each answers.

    python -m benchmarks.faces.left_out CLIPS... --photographs a.jpg b.jpg

Distances between landmarks, over the distance of the eyes, that cheeks (AU6) or a wrinkled nose
(AU9) should change; of each clip the median, of each photograph rendered with that part moved in
seven equal steps (`rendering.py`) the rank correlation with the step. For gaze, what lies between
the lids is shifted sideways in the photograph by a known part of the eye's width, and the irises'
landmarks are asked where it went.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.faces.action_units import (
    ENLARGED,
    ONE_FACE,
    STEPS,
    found,
    measure,
    rank_correlation,
)
from benchmarks.faces.rendering import Move, rendered
from fer_live.arrays import Image, Points
from fer_live.realtime.faces import open_finder
from fer_live.realtime.faces.networks import FaceNetworks
from fer_live.realtime.sources import open_video, read_picture

DISTANCES: Final[Mapping[str, tuple[tuple[int, int], tuple[int, int]]]] = {
    "AU6 cheek to lower lid": ((145, 50), (374, 280)),
    "AU6 cheek to outer corner": ((33, 50), (263, 280)),
    "AU6 below the lid": ((145, 118), (374, 347)),
    "AU9 wing to inner corner": ((129, 133), (358, 362)),
    "AU9 wing to brow": ((129, 107), (358, 336)),
    "AU9 lip to wing": ((129, 37), (358, 267)),
    "AU9 bridge to tip": ((168, 1), (168, 1)),
}
"""Pairs of points, one of each side, whose distance should shrink when the unit acts."""
MOVES: Final[Mapping[str, Mapping[int, Move]]] = {
    "AU6": {50: (0.0, 0.5, 1.5), 280: (0.0, 0.5, 1.5)},
    "AU9": {129: (0.0, 0.4, 0.8), 358: (0.0, 0.4, 0.8), 168: (0.0, -0.2, 0.8)},
}
"""Cheeks up; the wings of the nose up and its root down."""
EYES: Final = ((33, 133, range(468, 473)), (362, 263, range(473, 478)))
"""Corners from the viewer's left to right, and the iris."""
LIDS: Final = (
    (33, 160, 159, 158, 133, 153, 145, 144),
    (362, 385, 386, 387, 263, 373, 374, 380),
)
SHIFTS: Final = np.linspace(-0.15, 0.15, STEPS)


def distances(mesh: Points) -> dict[str, float]:
    """Return each distance, mean of both sides, over the distance of the eyes."""
    middles = [(mesh[a] + mesh[b]) / 2 for a, b, _ in EYES]
    scale = math.dist(*middles)
    return {
        name: sum(math.dist(mesh[a], mesh[b]) for a, b in pairs) / 2 / scale
        for name, pairs in DISTANCES.items()
    }


def iris(mesh: Points) -> float:
    """Return how far both irises are to the right of the middles of the eyes, in eye widths."""
    told = []
    for left, right, points in EYES:
        along = mesh[right] - mesh[left]
        away = mesh[list(points)].mean(axis=0) - (mesh[left] + mesh[right]) / 2
        told.append(float(away @ along / (along @ along)))
    return sum(told) / len(told)


def looking(rgb: Image, mesh: Points, shift: float) -> Image:
    """Return a picture in which what lies between the lids is shifted, in eye widths."""
    picture = rgb.copy()
    for (left, right, _), lids in zip(EYES, LIDS, strict=True):
        by_px = shift * math.dist(mesh[left], mesh[right])
        moved = cv2.warpAffine(
            rgb, np.array([[1.0, 0, by_px], [0, 1, 0]]), rgb.shape[1::-1], flags=cv2.INTER_CUBIC
        )
        mask = np.zeros(rgb.shape[:2], np.float32)
        cv2.fillConvexPoly(mask, cv2.convexHull(np.round(mesh[list(lids)]).astype(np.int32)), 1.0)
        part = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None]
        picture = (part * moved + (1 - part) * picture).astype(np.uint8)
    return picture


def show_clips(clips: Sequence[Path], networks: FaceNetworks) -> None:
    """Print the medians, a clip a column."""
    columns = []
    for clip in clips:
        rows = []
        with (
            open_video(clip) as source,
            open_finder(ONE_FACE, live=False, networks=networks) as finder,
        ):
            for frame in source:
                meshes = [face.landmarks_px for face in finder.find(frame)]
                rows += [list(distances(mesh).values()) for mesh in meshes if mesh is not None]
        columns.append(np.median(rows, axis=0))
    print("median".ljust(26), *(clip.stem.removeprefix("synth_").rjust(9) for clip in clips))
    for k, name in enumerate(DISTANCES):
        print(name.ljust(26), *(f"{column[k]:9.3f}" for column in columns))


def mesh_of(rgb: Image, networks: FaceNetworks) -> Points | None:
    """Return the mesh of the face in a picture; None where there is none."""
    face = found(rgb, networks)
    return None if face is None else face.landmarks_px


def show_photographs(photographs: Sequence[Path], networks: FaceNetworks) -> None:
    """Print how the distances follow what is moved, and the irises what is shifted."""
    ranks: dict[str, list[float]] = {name: [] for name in DISTANCES}
    gazes: list[list[float]] = []
    for path in photographs:
        rgb = cv2.resize(read_picture(path), None, fx=ENLARGED, fy=ENLARGED).astype(np.uint8)
        mesh = mesh_of(rgb, networks)
        if mesh is None:
            continue
        for unit, move in MOVES.items():
            told = []
            for part in np.linspace(0, 1, STEPS):
                moved = {k: (part * x, part * y, reach) for k, (x, y, reach) in move.items()}
                seen = mesh_of(rendered(rgb, mesh, moved=moved), networks)
                told += [] if seen is None else [distances(seen)]
            for name in DISTANCES if len(told) == STEPS else ():
                if name.startswith(unit):
                    ranks[name].append(-rank_correlation([each[name] for each in told]))
        shifted = [mesh_of(looking(rgb, mesh, shift), networks) for shift in SHIFTS]
        irises = [iris(seen) for seen in shifted if seen is not None]
        gazes += [irises] if len(irises) == STEPS else []
    for name, each in ranks.items():
        print(f"{name}: n {len(each)} faces, rank correlation with the step {spread(each)}")
    slopes = [float(np.polyfit(SHIFTS, told, 1)[0]) for told in gazes]
    at_rest = [told[STEPS // 2] for told in gazes]
    print(
        f"irises: n {len(gazes)} faces, rank correlation with the shift "
        f"{spread([rank_correlation(told) for told in gazes])}; slope {spread(slopes)}; "
        f"where nothing was shifted {np.mean(at_rest):+.3f}, standard deviation "
        f"{np.std(at_rest):.3f} eye widths"
    )


def spread(values: Sequence[float]) -> str:
    """Say a mean and the range."""
    found: NDArray[np.float64] = np.asarray(values)
    return f"{found.mean():.2f} ({found.min():.2f} to {found.max():.2f})"


if __name__ == "__main__":
    measure(__doc__, show_clips, show_photographs)
