"""MediaPipe's unmodified Face Landmarker, the baseline of the benchmark."""

from collections.abc import Sequence

from fer_live.realtime.faces.finder import FaceFinder
from fer_live.realtime.faces.mesh import anchors_of, hull_of
from fer_live.realtime.faces.networks.mediapipe_tasks import MeshNetwork
from fer_live.realtime.results import Face, Frame


class BareLandmarker(FaceFinder):
    """MediaPipe's Face Landmarker in video mode, on every whole frame.

    A `FaceFinder` too. MediaPipe gives no score for a face, so that of each is 1.
    """

    def __init__(self, max_faces: int, *, blendshapes: bool = False) -> None:
        """Load the networks.

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
            SettingsError: MediaPipe cannot be imported.
        """
        self._network = MeshNetwork("follow", max_faces=max_faces, blendshapes=blendshapes)
        self._last_ms = 0

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the faces in `frame`, in MediaPipe's order; time must not go back."""
        # MediaPipe wants time to grow; ours begins at 0 and may stand still.
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
        """Close MediaPipe's task; closing twice is allowed."""
        self._network.close()
