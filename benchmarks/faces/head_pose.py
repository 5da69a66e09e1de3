"""How far off head pose is, on rendered heads and on a clip that was rolled.

    python -m benchmarks.faces.head_pose PHOTOGRAPHS... --clip rolled.mp4 upright.mp4

Faces of the photographs are rendered at 12 known poses (`rendering.py`), found anew and
measured; beside ours stands MediaPipe's own transformation matrix of the same pictures. The
first clip is the second one, rolled by 30 degrees times a sine: what is added to roll is compared
with the best fitting 30 sin(b t + c).
"""

import argparse
import itertools
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.faces.rendering import rendered
from fer_live.arrays import Image, Points
from fer_live.bundle import LANDMARKER, read_asset
from fer_live.realtime.faces import FaceSettings, open_face_networks, open_finder
from fer_live.realtime.faces.networks import FaceNetworks
from fer_live.realtime.measures.head_pose import head_pose
from fer_live.realtime.results import Frame
from fer_live.realtime.sources import open_video, read_picture

ANGLES: Final = (
    *((yaw, 0, 0) for yaw in (-30, -15, 0, 15, 30, 45)),
    *((0, pitch, 0) for pitch in (-20, -12, 12, 20)),
    *((0, 0, 25), (20, 10, 10)),
)
ONE_FACE: Final = FaceSettings(max_faces=1)
ENLARGED: Final = 2
NAMES: Final = ("yaw", "pitch", "roll")
AMPLITUDE: Final = 30.0
MOST_FRAMES: Final = 200


class MediaPipesOwn:
    """MediaPipe's landmarker with its transformation matrix."""

    def __init__(self) -> None:
        from mediapipe.tasks.python import vision  # noqa: PLC0415 (heavy)
        from mediapipe.tasks.python.core.base_options import BaseOptions  # noqa: PLC0415

        self._task: Any = vision.FaceLandmarker.create_from_options(
            vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=read_asset(LANDMARKER)),
                output_facial_transformation_matrixes=True,
            )
        )

    def angles(self, rgb: Image) -> NDArray[np.float64] | None:
        """Return yaw, pitch and roll as `head_pose` signs them."""
        import mediapipe as mp  # noqa: PLC0415 (heavy)

        found = self._task.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb))
        if not found.facial_transformation_matrixes:
            return None
        r = np.asarray(found.facial_transformation_matrixes[0])[:3, :3]
        r = r / np.linalg.norm(r, axis=0)
        return np.degrees(
            [np.arcsin(-r[2, 0]), -np.arctan2(r[2, 1], r[2, 2]), -np.arctan2(r[1, 0], r[0, 0])]
        )

    def close(self) -> None:
        """Close the task."""
        self._task.close()


def landmarks(rgb: Image, networks: FaceNetworks) -> Points | None:
    """Return the mesh of the face in a picture; None where there is none."""
    with open_finder(ONE_FACE, live=False, networks=networks) as finder:
        faces = finder.find(Frame(0, 0.0, rgb))
    return faces[0].landmarks_px if faces else None


def angles(mesh: Points) -> NDArray[np.float64]:
    """Return yaw, pitch and roll."""
    pose = head_pose(mesh)
    return np.array([pose.yaw, pose.pitch, pose.roll])


def told(name: str, errors: Sequence[NDArray[np.float64]]) -> None:
    """Print mean absolute errors and biases."""
    stacked = np.array(errors)
    mean, bias = np.abs(stacked).mean(axis=0), stacked.mean(axis=0)
    cells = ", ".join(
        f"{n} {m:.1f} (bias {b:+.1f})" for n, m, b in zip(NAMES, mean, bias, strict=True)
    )
    print(f"{name}: n {len(stacked)}, mean error in degrees: {cells}")


def on_rendered_heads(photographs: Sequence[Path], networks: FaceNetworks) -> None:
    """Compare with known poses."""
    ours, theirs = [], []
    with closing(MediaPipesOwn()) as own:
        for path in photographs:
            rgb = cv2.resize(read_picture(path), None, fx=ENLARGED, fy=ENLARGED).astype(np.uint8)
            mesh = landmarks(rgb, networks)
            if mesh is None:
                continue
            for due in ANGLES:
                picture = rendered(rgb, mesh, due)
                seen, matrix = landmarks(picture, networks), own.angles(picture)
                if seen is not None and matrix is not None:
                    ours.append(angles(seen) - due)
                    theirs.append(matrix - due)
    told("rendered heads, ours", ours)
    told("rendered heads, MediaPipe's matrix", theirs)


def rolls(clip: Path, first: int) -> dict[int, tuple[float, float]]:
    """Return time and roll of the face in each of the first frames."""
    found = {}
    with open_video(clip) as source, open_finder(ONE_FACE, live=False) as finder:
        for frame in itertools.islice(source, first):
            for face in finder.find(frame):
                if face.landmarks_px is not None:
                    found[frame.index] = frame.time_s, head_pose(face.landmarks_px).roll
    return found


def on_a_rolled_clip(clip: Path, before: Path) -> None:
    """Compare the roll that was added to a clip with a sine of known amplitude."""
    rolled = rolls(clip, MOST_FRAMES)
    upright = rolls(before, MOST_FRAMES)
    both = sorted(rolled.keys() & upright.keys())
    t = np.array([rolled[k][0] for k in both])
    added = np.array([rolled[k][1] - upright[k][1] for k in both])
    best, fastest = np.inf, 0.0
    for hertz in np.arange(0.02, 2.0, 0.001):
        for phase in np.arange(0, 2 * np.pi, 0.05):
            error = np.abs(added - AMPLITUDE * np.sin(2 * np.pi * hertz * t + phase)).mean()
            if error < best:
                best, fastest = float(error), float(hertz)
    print(
        f"{clip.name}: n {len(both)}, mean error of the added roll {best:.2f} degrees "
        f"(30 degrees times a sine of {fastest:.2f} Hz); it goes from {added.min():.1f} to "
        f"{added.max():.1f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", nargs="*", type=Path)
    parser.add_argument("--clip", nargs=2, type=Path, metavar=("ROLLED", "UPRIGHT"))
    wanted = parser.parse_args()
    with ExitStack() as stack:
        if wanted.photographs:
            networks = stack.enter_context(closing(open_face_networks(ONE_FACE)))
            on_rendered_heads(wanted.photographs, networks)
        if wanted.clip is not None:
            on_a_rolled_clip(*wanted.clip)


if __name__ == "__main__":
    main()
