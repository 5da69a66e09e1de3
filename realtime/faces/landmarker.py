"""MediaPipe's Face Landmarker as it comes."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from fer_live.bundle import LANDMARKER, read_asset
from fer_live.realtime.faces.mesh import anchors_of, hull_of
from fer_live.realtime.flow import Face, Frame


class BareLandmarker:
    """MediaPipe's Face Landmarker in video mode on every whole frame: the yardstick."""

    def __init__(self, max_faces: int, *, blendshapes: bool = False) -> None:
        """Load the network.

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
        """
        from mediapipe.tasks.python import vision  # noqa: PLC0415 (heavy)
        from mediapipe.tasks.python.core.base_options import BaseOptions  # noqa: PLC0415

        self._task: Any = vision.FaceLandmarker.create_from_options(
            vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_buffer=read_asset(LANDMARKER)),
                running_mode=vision.RunningMode.VIDEO,
                num_faces=max_faces,
                output_face_blendshapes=blendshapes,
            )
        )
        self._last_ms = -1

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the faces in `frame`; time must not go back."""
        import mediapipe as mp  # noqa: PLC0415 (heavy)

        self._last_ms = max(self._last_ms + 1, round(frame.time_s * 1000))
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=np.ascontiguousarray(frame.rgb))
        result = self._task.detect_for_video(image, self._last_ms)
        height, width = frame.rgb.shape[:2]
        faces = []
        for k, points in enumerate(result.face_landmarks):
            # MediaPipe counts from the left edge of the first pixel, we from its centre.
            mesh = np.array([(p.x * width, p.y * height) for p in points]) - 0.5
            shapes = result.face_blendshapes[k] if result.face_blendshapes else None
            faces.append(
                Face(
                    box=hull_of(mesh),
                    anchors_px=anchors_of(mesh),
                    score=1.0,
                    landmarks_px=mesh,
                    blendshapes=None
                    if shapes is None
                    else np.array([c.score for c in shapes], np.float32),
                )
            )
        return faces

    def close(self) -> None:
        """Close MediaPipe's task; closing twice is allowed."""
        if self._task is not None:
            self._task.close()
            self._task = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
