"""How alike MediaPipe's face networks are when ONNX Runtime runs them, and what each costs.

    python -m benchmarks.faces.face_networks CLIP...

Every 15th frame: candidates of the detector, landmarks and blendshapes of a face that is detected.
Distances are over the width of the face. Times are those of the processor on one core, the best of
many calls, in milliseconds.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

from fer_live.realtime.bench.one_core import use_one_core

use_one_core()  # before numpy counts the cores

import numpy as np  # noqa: E402 (after the pinning, as all that follows)

from fer_live.arrays import Image  # noqa: E402
from fer_live.realtime.faces.networks.bundled import (  # noqa: E402
    BLENDSHAPES,
    DETECTOR,
    LANDMARKS,
    read_bundled,
)
from fer_live.realtime.faces.networks.mediapipe_tasks import Detector, MeshNetwork  # noqa: E402
from fer_live.realtime.faces.networks.onnx_networks import OnnxNetworks  # noqa: E402
from fer_live.realtime.inference.session import open_session  # noqa: E402
from fer_live.realtime.sources import open_video  # noqa: E402
from fer_live.realtime.tflite.to_onnx import INPUT, to_onnx  # noqa: E402

MIN_SCORE = 0.35
STEP = 15
CALLS = 25
BATCHES = (1, 4, 8, 16)
MESH = {"points": (478, 3), "presence": ()}


def pictures_of(clip: Path) -> Iterator[Image]:
    """Yield some pictures of a clip."""
    with open_video(clip) as source:
        for frame in islice(source, 0, None, STEP):
            yield frame.rgb


def compare_candidates(clip: Path, onnx: OnnxNetworks) -> str:
    """Compare what the detectors see."""
    scores, places, counts, pictures = [0.0], [0.0], 0, 0
    with closing(Detector(min_score=MIN_SCORE)) as reference:
        for picture in pictures_of(clip):
            theirs, ours = reference.detect(picture), onnx.detect([picture])[0]
            pictures += 1
            counts += len(theirs) == len(ours)
            for one, other in zip(theirs, ours, strict=False):
                scores.append(abs(one.score - other.score))
                apart = np.abs(one.anchors_px - other.anchors_px).max()
                places.append(float(apart) / one.box.width_px)
    return (
        f"candidates: as many in {counts} of {pictures} pictures, "
        f"scores to {max(scores):.1e}, keypoints to {max(places):.1e}"
    )


def compare_meshes(clip: Path, onnx: OnnxNetworks) -> str:
    """Compare landmarks and blendshapes."""
    apart, shapes, alike, pictures = [0.0], [0.0], 0, 0
    with closing(MeshNetwork("confirm", blendshapes=True)) as reference:
        for picture in pictures_of(clip):
            theirs, ours = reference.look(picture), onnx.confirm(picture)
            pictures += 1
            alike += (theirs is None) == (ours is None)
            if theirs is None or ours is None:
                continue
            width = float(np.ptp(theirs.points_px[:, 0]))
            apart.append(float(np.abs(theirs.points_px - ours.points_px).max()) / width)
            if theirs.blendshapes is not None and ours.blendshapes is not None:
                shapes.append(float(np.abs(theirs.blendshapes - ours.blendshapes).max()))
    return (
        f"meshes: a face or none alike in {alike} of {pictures}, "
        f"landmarks to {max(apart):.1e}, blendshapes to {max(shapes):.1e}"
    )


def best_ms(call: Callable[[], object]) -> float:
    """Return the processor time of the best of some calls, in milliseconds."""
    taken = []
    for _ in range(CALLS):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return 1000 * min(taken)


def costs() -> Iterator[str]:
    """Say what conversion, either way of writing leaky activations, and batches cost."""
    for name in (DETECTOR, LANDMARKS, BLENDSHAPES):
        yield f"converting {name}: {best_ms(partial(to_onnx, read_bundled(name), {})):.1f} ms"
    rng = np.random.default_rng(0)
    for split in (True, False):
        session = open_session(to_onnx(read_bundled(LANDMARKS), MESH, split_prelu=split), "cpu")
        one = rng.random((1, 256, 256, 3), np.float32)
        written = "depthwise convolutions" if split else "PRelu"
        taken_ms = best_ms(partial(session.run, None, {INPUT: one}))
        yield f"landmarks with {written}: {taken_ms:.1f} ms"
    session = open_session(to_onnx(read_bundled(LANDMARKS), MESH), "cpu")
    for count in BATCHES:
        batch = {INPUT: rng.random((count, 256, 256, 3), np.float32)}
        each = best_ms(partial(session.run, None, batch)) / count
        yield f"landmarks in batches of {count}: {each:.1f} ms each"


def main() -> None:
    """Compare and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    options = parser.parse_args()
    with closing(OnnxNetworks(min_score=MIN_SCORE, blendshapes=True)) as onnx:
        for clip in options.clips:
            for compare in (compare_candidates, compare_meshes):
                print(f"{clip.name}: {compare(clip, onnx)}", flush=True)
    for told in costs():
        print(told, flush=True)


if __name__ == "__main__":
    main()
