"""MediaPipe's unmodified Face Landmarker, the baseline of the pipeline benchmark."""

from collections.abc import Sequence

from fer_live.realtime.faces.finder import FaceFinder
from fer_live.realtime.faces.mesh import anchors_of, hull_of
from fer_live.realtime.faces.networks.mediapipe_tasks import MeshNetwork
from fer_live.realtime.results import Face, Frame


class BareLandmarker(FaceFinder):
    """A `FaceFinder` that runs MediaPipe's Face Landmarker in video mode on every full frame.

    The score of every face is 1, because MediaPipe reports none.
    """

    def __init__(self, max_faces: int, *, blendshapes: bool = False) -> None:
        """Load the networks.

        Args:
            max_faces: Maximum number of faces per frame.
            blendshapes: Whether to compute blendshapes as well.

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
            SettingsError: MediaPipe cannot be imported.
        """
        self._network = MeshNetwork("follow", max_faces=max_faces, blendshapes=blendshapes)
        self._last_ms = 0

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the faces in `frame`, in MediaPipe's order; `time_s` must not decrease."""
        # MediaPipe needs strictly increasing times; ours start at 0 and may repeat.
        self._last_ms = max(self._last_ms + 1, round(frame.time_s * 1000))
        return [
            Face(
                box=hull_of(mesh.points_px),
                anchors_px=anchors_of(mesh.points_px),
                score=1.0,
                landmarks_px=mesh.points_px,
                blendshapes=mesh.blendshapes,
            )
            for mesh in self._network.look_at(frame.rgb, self._last_ms)
        ]

    def close(self) -> None:
        """Close MediaPipe's task; may be called more than once."""
        self._network.close()
