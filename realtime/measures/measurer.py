"""Compute the requested measures of a face from its pixels, landmarks and blendshapes."""

import dataclasses
from collections.abc import Sequence

from fer_live.arrays import Image, Points
from fer_live.realtime.measures.action_units import (
    FROM_BLENDSHAPES,
    UPPER_LID,
    from_blendshapes,
    upper_lid,
)
from fer_live.realtime.measures.columns import LIGHT, OPENINGS, POSE, QUALITY, SIZE
from fer_live.realtime.measures.head_pose import head_pose
from fer_live.realtime.measures.openings import openings
from fer_live.realtime.measures.pixels import appearance
from fer_live.realtime.measures.quality import features, quality
from fer_live.realtime.results import Face, Frame, FrameResult


class Measurer:
    """Computes the requested measures of every face, and no others.

    Attributes:
        needs_blendshapes: Whether the face finder has to provide blendshapes.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Choose the measures.

        Args:
            names: From `chosen_measures`; those computed by `ProbabilitySeries` are ignored.
        """
        self._names = frozenset(names)
        self._proxies = tuple(name for name in FROM_BLENDSHAPES if name in self._names)
        self._posed = not self._names.isdisjoint(POSE)
        self._imaged = not self._names.isdisjoint((*SIZE, *LIGHT, QUALITY))
        self._opened = not self._names.isdisjoint((*OPENINGS, UPPER_LID))
        self.needs_blendshapes = bool(self._proxies)

    def measured(self, frame: Frame, result: FrameResult) -> FrameResult:
        """Return the result with measures added to its faces, except those without landmarks."""
        if not self._names:
            return result
        tracks = tuple(
            dataclasses.replace(track, face=self.of_face(frame.rgb, track.face))
            for track in result.tracks
        )
        return dataclasses.replace(result, tracks=tracks)

    def of_face(self, rgb: Image, face: Face) -> Face:
        """Return the face with its measures added; unchanged if it has no landmarks.

        Args:
            rgb: (H, W, 3) uint8 picture that the face is in.
            face: The face.
        """
        if not self._names or face.landmarks_px is None:
            return face
        found = self._computed(rgb, face.landmarks_px)
        if face.blendshapes is not None:
            found |= from_blendshapes(face.blendshapes, self._proxies)
        wanted = {name: value for name, value in found.items() if name in self._names}
        return dataclasses.replace(face, measures=wanted)

    def _computed(self, rgb: Image, landmarks_px: Points) -> dict[str, float]:
        """Compute the measures from pixels and landmarks; may include unrequested ones."""
        found: dict[str, float] = {}
        if self._posed:
            pose = head_pose(landmarks_px)
            found |= zip(POSE, (pose.yaw, pose.pitch, pose.roll), strict=True)
        if self._imaged:
            seen = appearance(rgb, landmarks_px)
            found |= zip(SIZE, (seen.size_px, seen.eye_distance_px), strict=True)
            found |= zip(LIGHT, (seen.light, seen.contrast, seen.sharpness), strict=True)
            found[QUALITY] = quality(features(seen))
        if self._opened:
            left, right, mouth = openings(landmarks_px)
            found |= zip(OPENINGS, (left, right, mouth), strict=True)
            found[UPPER_LID] = upper_lid(left, right)
        return found
