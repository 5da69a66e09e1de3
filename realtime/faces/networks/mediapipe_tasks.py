"""MediaPipe's networks, run by MediaPipe. Only this file imports mediapipe.

`Detector` gives candidates in a picture or a tile of one; `MeshNetwork` measures one face that
fills a view of its own; `MediaPipeNetworks` holds what the finder needs of them. All run on the
CPU: MediaPipe says that its GPU delegate works on machines that have no GPU.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Image, Points
from fer_live.bundle import LANDMARKER, read_asset
from fer_live.realtime.faces.networks.bundled import DETECTOR, read_bundled
from fer_live.realtime.faces.networks.interface import Candidate, FaceNetworks, Mesh
from fer_live.realtime.faces.networks.quiet import without_chatter
from fer_live.realtime.faces.settings import no_mediapipe
from fer_live.realtime.results import Box

_APART_MS: Final = 10_000_000
"""Feigned time between two looks; see `MeshNetwork`."""
_WARM_UP_PX: Final = 64


class _Task:
    """A MediaPipe task and its end: left open, its destructor complains when Python exits."""

    _task: Any

    def close(self) -> None:
        """Close MediaPipe's task; closing twice is allowed."""
        self._task.close()


class Detector(_Task):
    """MediaPipe's short-range face detector: a network of 128 x 128 pixels, about 2 ms."""

    def __init__(self, *, min_score: float) -> None:
        """Load the network and run it once, so that the first frame waits for nothing.

        Args:
            min_score: Candidates under this score are left out; in [0, 1].

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
            SettingsError: MediaPipe cannot be imported.
        """
        vision = _vision()

        with without_chatter():
            self._task = vision.FaceDetector.create_from_options(
                vision.FaceDetectorOptions(
                    base_options=_model(read_bundled(DETECTOR)),
                    running_mode=vision.RunningMode.IMAGE,
                    min_detection_confidence=min_score,
                )
            )
            self._task.detect(_picture(_blank()))

    def detect(self, rgb: Image) -> list[Candidate]:
        """Return what looks like a face in (H, W, 3) uint8, best first."""
        height, width = rgb.shape[:2]
        candidates = []
        for found in self._task.detect(_picture(rgb)).detections:
            box, places = found.bounding_box, found.keypoints
            # Keypoints 0, 1 and 3 are the viewer's left eye, right eye and the mouth's centre.
            anchors = [(places[k].x * width - 0.5, places[k].y * height - 0.5) for k in (0, 1, 3)]
            x0, y0 = box.origin_x - 0.5, box.origin_y - 0.5
            candidates.append(
                Candidate(
                    Box(x0, y0, x0 + box.width, y0 + box.height),
                    np.array(anchors),
                    float(found.categories[0].score),
                )
            )
        return sorted(candidates, key=lambda candidate: -candidate.score)


class MeshNetwork(_Task):
    """MediaPipe's Face Landmarker for one face in a picture of its own.

    `follow` is its video mode: it starts from where it saw the last face, saves the detector, and
    therefore wants every face at the same place of the picture, where `views.py` puts it. So one
    network serves all faces, and each look is told to be hours after the last: that switches off
    MediaPipe's smoothing over time, which would mix them. `confirm` is its image mode: the
    detector has to see the face again, and nothing is remembered.
    """

    def __init__(
        self, mode: Literal["follow", "confirm"], *, max_faces: int = 1, blendshapes: bool = False
    ) -> None:
        """Load the networks and run them once.

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
            SettingsError: MediaPipe cannot be imported.
        """
        vision = _vision()

        self._video = mode == "follow"
        self._clock_ms = 0
        modes = vision.RunningMode
        with without_chatter():
            self._task = vision.FaceLandmarker.create_from_options(
                vision.FaceLandmarkerOptions(
                    base_options=_model(read_asset(LANDMARKER)),
                    running_mode=modes.VIDEO if self._video else modes.IMAGE,
                    num_faces=max_faces,
                    output_face_blendshapes=blendshapes,
                )
            )
            self.look_at(_blank(), 0)

    def look(self, rgb: Image) -> Mesh | None:
        """Measure the face in (H, W, 3) uint8; None when the network says there is none."""
        return next(iter(self.look_at(rgb, self._clock_ms + _APART_MS)), None)

    def look_at(self, rgb: Image, time_ms: int) -> list[Mesh]:
        """Measure all faces of a picture shown at `time_ms`: more than 0, and growing."""
        if self._video:
            self._clock_ms = time_ms
            result = self._task.detect_for_video(_picture(rgb), time_ms)
        else:
            result = self._task.detect(_picture(rgb))
        shapes = result.face_blendshapes or [None] * len(result.face_landmarks)
        size_wh = rgb.shape[1], rgb.shape[0]
        return [
            Mesh(_points_px(points, size_wh), _scores(shape))
            for points, shape in zip(result.face_landmarks, shapes, strict=True)
        ]


class MediaPipeNetworks(FaceNetworks):
    """What the finder needs, each task with its own state."""

    name = "mediapipe"

    def __init__(self, *, min_score: float, blendshapes: bool = False) -> None:
        """Load the networks and run each once.

        Args:
            min_score: Candidates under this score are left out; in [0, 1].
            blendshapes: Whether looks give them.

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
            SettingsError: MediaPipe cannot be imported.
        """
        with ExitStack() as opening:
            self._detector = Detector(min_score=min_score)
            opening.callback(self._detector.close)
            self._confirmer = MeshNetwork("confirm")
            opening.callback(self._confirmer.close)
            self._follower = MeshNetwork("follow", blendshapes=blendshapes)
            opening.callback(self._follower.close)
            self._open = opening.pop_all()

    def detect(self, pictures: Sequence[Image]) -> list[list[Candidate]]:
        """Return what looks like a face in each of N (H, W, 3) uint8 pictures, best first."""
        return [self._detector.detect(picture) for picture in pictures]

    def confirm(self, view: Image) -> Mesh | None:
        """Measure the surest face of a (H, W, 3) uint8 picture; None when there is none."""
        return self._confirmer.look(view)

    def look(
        self, views: Sequence[Image], before: Sequence[Points | None], *, again: bool = False
    ) -> list[Mesh | None]:
        """Measure the face that fills each of N views; see `FaceNetworks.look`.

        MediaPipe remembers what it saw last by itself, whichever face that was. It asks its
        detector whenever it saw none, so a second look has the detector's help.
        """
        network = self._follower
        return [network.look(view) or (network.look(view) if again else None) for view in views]

    def forget(self) -> None:
        """Look at an empty picture: where MediaPipe sees no face, it remembers none."""
        self._follower.look(_blank())

    def close(self) -> None:
        """Close MediaPipe's tasks; closing twice is allowed."""
        self._open.close()


def _vision() -> Any:
    """Import MediaPipe, which takes a second.

    Raises:
        SettingsError: It cannot be imported.
    """
    try:
        from mediapipe.tasks.python import vision  # noqa: PLC0415 (heavy)
    except ImportError as error:
        raise no_mediapipe(f"it does not load ({error})") from error
    return vision


def _model(data: bytes) -> Any:
    """Return MediaPipe's options for a model in memory, on the CPU."""
    from mediapipe.tasks.python.core.base_options import BaseOptions  # noqa: PLC0415 (heavy)

    return BaseOptions(model_asset_buffer=data, delegate=BaseOptions.Delegate.CPU)


def _picture(rgb: Image) -> Any:
    """Return MediaPipe's copy of a picture."""
    import mediapipe as mp  # noqa: PLC0415 (heavy)

    return mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))


def _blank() -> Image:
    """Return a picture of nothing, to warm up with."""
    return np.zeros((_WARM_UP_PX, _WARM_UP_PX, 3), np.uint8)


def _points_px(points: Sequence[Any], size_wh: tuple[int, int]) -> Points:
    """Turn MediaPipe's fractions of the picture into pixels.

    MediaPipe counts from the left edge of the first pixel, we from its centre.
    """
    return np.array([(point.x, point.y) for point in points]) * size_wh - 0.5


def _scores(categories: Sequence[Any] | None) -> NDArray[np.float32] | None:
    """Turn MediaPipe's categories into their scores."""
    return None if categories is None else np.array([c.score for c in categories], np.float32)
