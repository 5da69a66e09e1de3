"""MediaPipe's networks, run by ONNX Runtime; they are converted when opened.

For machines that MediaPipe has no package for, and for GPUs: whatever takes several pictures runs
them as one batch. Nothing is remembered: where a face was seen last is handed in.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Affine, Image, Points
from fer_live.realtime.faces.mesh import MESH_POINTS
from fer_live.realtime.faces.networks.bundled import BLENDSHAPES, DETECTOR, LANDMARKS, read_bundled
from fer_live.realtime.faces.networks.detection import (
    ANCHOR_COUNT,
    COORDINATES,
    Detection,
    detections,
    letterboxed,
)
from fer_live.realtime.faces.networks.interface import Candidate, FaceNetworks, Mesh
from fer_live.realtime.faces.networks.regions import (
    cut_region,
    region_of_detection,
    region_of_mesh,
)
from fer_live.realtime.faces.views import (
    ROI_PX,
    VIEW_PX,
    carried,
    inverse,
)
from fer_live.realtime.inference.batches import BatchRunner
from fer_live.realtime.inference.session import Device, open_session
from fer_live.realtime.results import Box
from fer_live.realtime.tflite.to_onnx import to_onnx

BLENDSHAPE_COUNT: Final = 52
_SURE_SCORE: Final = 0.5
"""MediaPipe's landmarker believes its detector, and its landmark network, from here on."""
_PRESENT_LOGIT: Final = 0.0
_ANCHOR_KEYPOINTS: Final = (0, 1, 3)
_BLENDSHAPE_POINTS: Final = np.array(
    [
        *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63),
        *(65, 66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132),
        *(133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161),
        *(162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263),
        *(267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310),
        *(311, 312, 314, 317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373),
        *(374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398),
        *(400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477),
    ]
)
"""The 146 points of the mesh that blendshapes are told from (face_blendshapes_graph.cc)."""


class OnnxNetworks(FaceNetworks):
    """Detector, landmark network and, if asked for, blendshapes, in a session each."""

    name = "onnx"

    def __init__(
        self, *, min_score: float, blendshapes: bool = False, device: Device = "cpu"
    ) -> None:
        """Convert the networks, open a session for each and run it once.

        Args:
            min_score: Candidates under this score are left out; in [0, 1].
            blendshapes: Whether looks give them.
            device: Where the sessions run.

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
            DeviceError: CUDA was asked for and cannot be had.
        """
        self._min_score = min_score
        coordinates = {"coordinates": (ANCHOR_COUNT, COORDINATES), "logits": (ANCHOR_COUNT,)}
        mesh = {"points": (MESH_POINTS, 3), "presence": ()}
        self._detector = _runner(DETECTOR, coordinates, device, pixel_scale=(1 / 127.5, -1.0))
        self._landmarks = _runner(LANDMARKS, mesh, device, pixel_scale=(1 / 255, 0.0))
        self._shapes: BatchRunner | None = None
        if blendshapes:
            self._shapes = _runner(BLENDSHAPES, {"blendshapes": (BLENDSHAPE_COUNT,)}, device)
        self._warm_up()

    def detect(self, pictures: Sequence[Image]) -> list[list[Candidate]]:
        """Return what looks like a face in each of N (H, W, 3) uint8 pictures, best first."""
        return [
            [_candidate(found) for found in faces]
            for faces in self._detections(pictures, self._min_score)
        ]

    def confirm(self, view: Image) -> Mesh | None:
        """Measure the surest face of a (H, W, 3) uint8 picture; None when there is none."""
        return self._searched([view])[0]

    def look(
        self, views: Sequence[Image], before: Sequence[Points | None], *, again: bool = False
    ) -> list[Mesh | None]:
        """Measure the face that fills each of N views; see `FaceNetworks.look`."""
        known = {
            k: cut_region(view, region_of_mesh(mesh + 0.5), ROI_PX)
            for k, (view, mesh) in enumerate(zip(views, before, strict=True))
            if mesh is not None
        }
        found = self._measured_at(known, len(views))
        missed = [k for k, mesh in enumerate(found) if mesh is None and (again or k not in known)]
        for k, mesh in zip(missed, self._searched([views[k] for k in missed]), strict=True):
            found[k] = mesh
        return found

    def forget(self) -> None:
        """Do nothing: where a face was seen last is handed in."""

    def close(self) -> None:
        """Do nothing: sessions go with the last that knows them."""

    def _warm_up(self) -> None:
        """Run each network once, so that the first frame waits for nothing."""
        blank = np.zeros((VIEW_PX, VIEW_PX, 3), np.uint8)
        self._detections([blank], 1.0)
        self._measured([(blank[:ROI_PX, :ROI_PX], np.eye(2, 3))])

    def _detections(self, pictures: Sequence[Image], min_score: float) -> list[list[Detection]]:
        """Return the faces in each picture, in its pixels counted from the first one's edge."""
        if not pictures:
            return []
        boxed = [letterboxed(picture) for picture in pictures]
        raw, logits = self._detector.run(np.stack([part for part, _ in boxed]))
        return [
            detections(raw[k], logits[k], transform, min_score)
            for k, (_, transform) in enumerate(boxed)
        ]

    def _searched(self, pictures: Sequence[Image]) -> list[Mesh | None]:
        """Measure the surest face of each picture, wherever it lies."""
        seen = {
            k: cut_region(pictures[k], region_of_detection(faces[0]), ROI_PX)
            for k, faces in enumerate(self._detections(pictures, _SURE_SCORE))
            if faces
        }
        return self._measured_at(seen, len(pictures))

    def _measured_at(
        self, regions: Mapping[int, tuple[Image, Affine]], count: int
    ) -> list[Mesh | None]:
        """Measure the faces in some of `count` pictures, each in its region; None elsewhere."""
        meshes: list[Mesh | None] = [None] * count
        for k, mesh in zip(regions, self._measured(list(regions.values())), strict=True):
            meshes[k] = mesh
        return meshes

    def _measured(self, regions: Sequence[tuple[Image, Affine]]) -> list[Mesh | None]:
        """Measure the face in each of N regions, in pixels of the pictures they were cut from."""
        if not regions:
            return []
        points, presence = self._landmarks.run(np.stack([region for region, _ in regions]))
        meshes = [
            carried(mesh[:, :2].astype(np.float64), inverse(transform))
            for mesh, (_, transform) in zip(points, regions, strict=True)
        ]
        shapes = self._blendshapes(meshes)
        return [
            Mesh(mesh - 0.5, blendshapes) if there > _PRESENT_LOGIT else None
            for mesh, blendshapes, there in zip(meshes, shapes, presence, strict=True)
        ]

    def _blendshapes(self, meshes: Sequence[Points]) -> Sequence[NDArray[np.float32] | None]:
        """Return (52,) for each of N (478, 2) meshes, if they were asked for."""
        if self._shapes is None:
            return [None] * len(meshes)
        chosen = np.stack([mesh[_BLENDSHAPE_POINTS] for mesh in meshes])
        (shapes,) = self._shapes.run(chosen.astype(np.float32))
        return list(shapes)


def _runner(
    name: str,
    outputs: Mapping[str, tuple[int, ...]],
    device: Device,
    *,
    pixel_scale: tuple[float, float] | None = None,
) -> BatchRunner:
    """Convert one network of the bundle and open a session for it."""
    model = to_onnx(
        read_bundled(name), outputs, pixel_scale=pixel_scale, split_prelu=device != "cuda"
    )
    return BatchRunner(open_session(model, device))


def _candidate(found: Detection) -> Candidate:
    """Return a detection with its pixels counted from the first one's centre."""
    (x0, y0), (x1, y1) = (found.corners_px - 0.5).tolist()
    anchors: Points = found.keypoints_px[list(_ANCHOR_KEYPOINTS)] - 0.5
    return Candidate(Box(x0, y0, x1, y1), anchors, found.score)
