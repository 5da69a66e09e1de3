"""All measures of a face that need its picture, its landmarks or its blendshapes."""

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
    """Measures what is wanted of every face, and nothing else.

    Attributes:
        needs_blendshapes: Whether the finder has to give them.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Remember what is wanted.

        Args:
            names: From `chosen_measures`; those that are told from a time series are left to it.
        """
        self._names = frozenset(names)
        self._proxies = tuple(name for name in FROM_BLENDSHAPES if name in self._names)
        self._posed = not self._names.isdisjoint(POSE)
        self._looked_at = not self._names.isdisjoint((*SIZE, *LIGHT, QUALITY))
        self._opened = not self._names.isdisjoint((*OPENINGS, UPPER_LID))
        self.needs_blendshapes = bool(self._proxies)

    def measured(self, frame: Frame, result: FrameResult) -> FrameResult:
        """Return a result whose faces have their measures; one without landmarks has none."""
        if not self._names:
            return result
        tracks = tuple(
            dataclasses.replace(track, face=self.of_face(frame.rgb, track.face))
            for track in result.tracks
        )
        return dataclasses.replace(result, tracks=tracks)

    def of_face(self, rgb: Image, face: Face) -> Face:
        """Return a face of a picture with its measures; one without landmarks has none."""
        if not self._names or face.landmarks_px is None:
            return face
        found = self._told(rgb, face.landmarks_px)
        if face.blendshapes is not None:
            found |= from_blendshapes(face.blendshapes, self._proxies)
        wanted = {name: value for name, value in found.items() if name in self._names}
        return dataclasses.replace(face, measures=wanted)

    def _told(self, rgb: Image, landmarks_px: Points) -> dict[str, float]:
        """Return what is told from picture and landmarks, at least what is wanted."""
        found: dict[str, float] = {}
        if self._posed:
            pose = head_pose(landmarks_px)
            found |= zip(POSE, (pose.yaw, pose.pitch, pose.roll), strict=True)
        if self._looked_at:
            seen = appearance(rgb, landmarks_px)
            found |= zip(SIZE, (seen.size_px, seen.eye_distance_px), strict=True)
            found |= zip(LIGHT, (seen.light, seen.contrast, seen.sharpness), strict=True)
            found[QUALITY] = quality(features(seen))
        if self._opened:
            left, right, mouth = openings(landmarks_px)
            found |= zip(OPENINGS, (left, right, mouth), strict=True)
            found[UPPER_LID] = upper_lid(left, right)
        return found
