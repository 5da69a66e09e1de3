"""What the proxies of action units answer to: acted clips, and faces of which one part is moved.

    python -m benchmarks.faces.action_units CLIPS... --photographs a.jpg b.jpg

Of each clip the median of every proxy is printed. Of each photograph the face is rendered
(`rendering.py`) with mouth corners, brows, lids or jaw moved in seven equal steps, and
the rank correlation of step and proxy is printed: 1 for a proxy that grows at every step. Neither
says how a coder would score these faces: that was not validated.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.faces.rendering import Move, rendered
from fer_live.arrays import Image
from fer_live.realtime.faces import FaceSettings, open_face_networks, open_finder
from fer_live.realtime.faces.networks import FaceNetworks
from fer_live.realtime.measures.action_units import (
    FROM_BLENDSHAPES,
    PROXIES,
    UPPER_LID,
    from_blendshapes,
    upper_lid,
)
from fer_live.realtime.measures.openings import openings
from fer_live.realtime.results import Face, Frame
from fer_live.realtime.sources import open_video, read_picture

ONE_FACE: Final = FaceSettings(max_faces=1, blendshapes=True)
STEPS: Final = 7
ENLARGED: Final = 2
MOVES: Final[Mapping[str, Mapping[int, Move]]] = {
    "proxy_AU12": {61: (-0.6, 0.5, 1.2), 291: (0.6, 0.5, 1.2)},
    "proxy_AU15": {61: (0.0, -0.6, 0.8), 291: (0.0, -0.6, 0.8)},
    "proxy_AU1": {107: (0.0, 0.9, 1.2), 336: (0.0, 0.9, 1.2)},
    "proxy_AU2": {105: (0.0, 0.9, 1.2), 334: (0.0, 0.9, 1.2)},
    "proxy_AU4": {107: (0.2, -0.7, 1.0), 336: (-0.2, -0.7, 1.0)},
    "proxy_AU5": {k: (0.0, s, 0.4) for k, s in ((159, 0.4), (386, 0.4), (145, -0.2), (374, -0.2))},
    "proxy_AU26": {14: (0.0, -1.5, 0.5), 17: (0.0, -1.5, 1.0), 152: (0.0, -1.2, 2.0)},
    "proxy_AU43": {k: (0.0, s, 0.4) for k, s in ((159, -0.6), (386, -0.6))},
}
"""What moves by how much at the last step; left as the viewer sees it."""


def proxies(face: Face) -> dict[str, float]:
    """Return all proxies of a face."""
    assert face.blendshapes is not None
    assert face.landmarks_px is not None
    left, right, _ = openings(face.landmarks_px)
    return {
        **from_blendshapes(face.blendshapes, FROM_BLENDSHAPES),
        UPPER_LID: upper_lid(left, right),
    }


def found(rgb: Image, networks: FaceNetworks) -> Face | None:
    """Return the face in a picture; None where there is none."""
    with open_finder(ONE_FACE, live=False, networks=networks) as finder:
        faces = finder.find(Frame(0, 0.0, rgb))
    return faces[0] if faces else None


def of_clip(clip: Path, networks: FaceNetworks) -> NDArray[np.float64]:
    """Return the median of every proxy in a clip."""
    rows = []
    with open_video(clip) as source, open_finder(ONE_FACE, live=False, networks=networks) as finder:
        for frame in source:
            rows += [list(map(proxies(face).__getitem__, PROXIES)) for face in finder.find(frame)]
    return np.median(rows, axis=0)


def rank_correlation(values: Sequence[float]) -> float:
    """Return Spearman's correlation of values with their order; 0 for one that never changes."""
    found = np.round(values, 4)
    ranks = (found[:, None] > found).sum(axis=1) + (found[:, None] == found).sum(axis=1) / 2
    if np.ptp(ranks) == 0:
        return 0.0
    return float(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1])


def show_clips(clips: Sequence[Path], networks: FaceNetworks) -> None:
    """Print the medians, a clip a column."""
    columns = [of_clip(clip, networks) for clip in clips]
    print("median".ljust(12), *(clip.stem.removeprefix("synth_").rjust(9) for clip in clips))
    for k, name in enumerate(PROXIES):
        print(name.ljust(12), *(f"{column[k]:9.2f}" for column in columns))


def show_renderings(photographs: Sequence[Path], networks: FaceNetworks) -> None:
    """Print how each proxy follows what it stands for."""
    ranks: dict[str, list[float]] = {name: [] for name in MOVES}
    gains: dict[str, list[float]] = {name: [] for name in MOVES}
    for path in photographs:
        rgb = cv2.resize(read_picture(path), None, fx=ENLARGED, fy=ENLARGED).astype(np.uint8)
        face = found(rgb, networks)
        if face is None or face.landmarks_px is None:
            continue
        for name, move in MOVES.items():
            values = []
            for part in np.linspace(0, 1, STEPS):
                moved = {k: (part * x, part * y, reach) for k, (x, y, reach) in move.items()}
                seen = found(rendered(rgb, face.landmarks_px, moved=moved), networks)
                if seen is not None:
                    values.append(proxies(seen)[name])
            if len(values) == STEPS:
                ranks[name].append(rank_correlation(values))
                gains[name].append(values[-1] - values[0])
    for name in MOVES:
        print(
            f"{name}: n {len(ranks[name])} faces, rank correlation with the step "
            f"{np.mean(ranks[name]):.2f} (least {min(ranks[name]):.2f}), "
            f"from first to last step {np.mean(gains[name]):+.2f}"
        )


Show = Callable[[Sequence[Path], FaceNetworks], None]
"""Measures files and prints what it found."""


def measure(told: str | None, show_clips: Show, show_photographs: Show) -> None:
    """Measure the clips and photographs of the command line, and print."""
    parser = argparse.ArgumentParser(description=told)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--photographs", nargs="*", default=[], type=Path)
    wanted = parser.parse_args()
    with closing(open_face_networks(ONE_FACE)) as networks:
        if wanted.clips:
            show_clips(wanted.clips, networks)
        if wanted.photographs:
            show_photographs(wanted.photographs, networks)


if __name__ == "__main__":
    measure(__doc__, show_clips, show_renderings)
