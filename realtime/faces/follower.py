"""Follow one face: where it is now, and whether the landmark network has to run again.

Between two looks the mesh is carried along by aligning a patch of the face with the new frame.
The network looks again when the face itself has changed (what is left over after alignment says
so), when it could not be aligned, and in any case after a while. Looks are averaged over time, in
the face's own square: their jitter would otherwise shake the crop and, with it, the label.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Affine, Image, Points
from fer_live.realtime.faces.alignment import Patch, align, likeness, take_patch
from fer_live.realtime.faces.mesh import anchors_of, hull_of
from fer_live.realtime.faces.networks import FaceNetworks, Mesh
from fer_live.realtime.faces.views import (
    ROI_PX,
    VIEW_PX,
    carried,
    cut_view,
    inverse,
    pose_of_mesh,
    to_pixels,
)
from fer_live.realtime.results import Box, Face

HOLD_S: Final = 0.3
"""The longest that a calm face goes without a look."""
_CHANGED: Final = 0.25
"""A residual beyond this and the network must look: the expression or the light has changed."""
_LOST_SIGHT: Final = 0.8
"""A residual beyond this and the alignment is not to be believed."""
_TURNED: Final = 0.04
"""A turn of 2.3 degrees, or another size by 4 %: the further, the less is the alignment worth."""
_SETTLE_S: Final = 0.2
"""Time constant of averaging over looks: what one look says jitters by a hundredth of the face."""
_ALIGNED: Final = 0.5
"""A residual up to this and the last look, carried here, is good enough to be averaged with."""
_MOVED: Final = 0.03
"""Root mean square of a mesh's change, over the side of its square, that cannot be jitter."""
_GOLDEN: Final = 0.618
_SLACK_S: Final = 1e-4


@dataclass(frozen=True, slots=True)
class _Look:
    """What the network saw last.

    Attributes:
        time_s: When.
        mesh_roi: (478, 2) mesh in the face's own square, [-1, 1] being its sides.
        patch: What the face looked like.
        view_px: (478, 2) mesh in the view in which it was measured.
        blendshapes: (52,) or None.
    """

    time_s: float
    mesh_roi: Points
    view_px: Points
    patch: Patch
    blendshapes: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Sight:
    """A face that the network has just measured.

    Attributes:
        mesh: In pixels of the frame.
        view_px: (478, 2) the same mesh in pixels of its view.
    """

    mesh: Mesh
    view_px: Points


def look_in_views(
    networks: FaceNetworks,
    rgb: Image,
    poses: Sequence[Affine],
    before: Sequence[Points | None],
    *,
    again: bool = False,
) -> list[Sight | None]:
    """Look at the face at each of N poses; None where there is no face.

    `before` and `again` are those of `FaceNetworks.look`.
    """
    to_views = [to_pixels(pose, VIEW_PX, ROI_PX) for pose in poses]
    views = [cut_view(rgb, to_view, VIEW_PX) for to_view in to_views]
    meshes = networks.look(views, before, again=again)
    return [_in_frame(mesh, to_view) for mesh, to_view in zip(meshes, to_views, strict=True)]


def confirm_in_view(networks: FaceNetworks, rgb: Image, pose: Affine) -> Sight | None:
    """Look at the face at `pose` if the detector sees it there too."""
    to_view = to_pixels(pose, VIEW_PX, ROI_PX)
    return _in_frame(networks.confirm(cut_view(rgb, to_view, VIEW_PX)), to_view)


def _in_frame(mesh: Mesh | None, to_view: Affine) -> Sight | None:
    """Carry a mesh from its view to the frame."""
    if mesh is None:
        return None
    points_px = carried(mesh.points_px, inverse(to_view))
    return Sight(Mesh(points_px, mesh.blendshapes), mesh.points_px)


class Follower:
    """A face from the moment it was confirmed until it is lost.

    Attributes:
        follow_id: Its number.
        score: What the detector last said of it, in [0, 1].
        mesh_px: (478, 2) the mesh, carried to where the face is now.
        box: Its hull.
        pose: (2, 3) where it is: frame pixels to its own square.
        likeness: Correlation of what it looked like at its last two looks, in [-1, 1].
    """

    def __init__(
        self, follow_id: int, rgb: Image, sight: Sight, *, time_s: float, score: float
    ) -> None:
        """Begin to follow a face that the network has just measured in `rgb`."""
        self.follow_id = follow_id
        self.score = score
        self.likeness = 1.0
        self._measured = True
        self._aligned = True
        self.mesh_px: Points
        self.box: Box
        self.pose: Affine
        self._look: _Look
        self._due_s: float
        self._take(rgb, sight, time_s)
        # Faces found in one frame are not all looked at again in one frame.
        self._due_s = time_s + HOLD_S * (1 - 0.5 * (follow_id * _GOLDEN % 1))

    def advance(self, rgb: Image, time_s: float, *, every: bool) -> bool:
        """Follow the face into a new frame; return whether the network has to look at it there.

        If so, `take` what it sees, or let go of the face.

        Args:
            rgb: (H, W, 3) uint8.
            time_s: When it is shown.
            every: Whether to look in any case.
        """
        alignment = align(self._look.patch, rgb, self.pose)
        if alignment.residual < _LOST_SIGHT:
            self._place(alignment.pose)
        self._aligned = alignment.residual < _ALIGNED
        due = every or time_s >= self._due_s - _SLACK_S
        self._measured = due or alignment.residual > _CHANGED or self._turned() > _TURNED
        return self._measured

    @property
    def last_view_px(self) -> Points:
        """(478, 2) what the network saw last, in pixels of its view then."""
        return self._look.view_px

    def take(self, rgb: Image, sight: Sight, time_s: float) -> None:
        """Remember what the network saw at `pose` in the frame that was advanced into."""
        before = self._look.patch
        if self._aligned:
            sight = Sight(self._settled(sight.mesh, time_s), sight.view_px)
        self._take(rgb, sight, time_s)
        self.likeness = likeness(before, self._look.patch)

    def face(self) -> Face:
        """Return where the face is now."""
        return Face(
            box=self.box,
            anchors_px=anchors_of(self.mesh_px),
            score=self.score,
            landmarks_px=self.mesh_px,
            blendshapes=self._look.blendshapes,
            follow_id=self.follow_id,
            measured=self._measured,
        )

    def _turned(self) -> float:
        """Return by how much the face has turned and grown since the last look; 0 for not at all.

        The shift does not count: it is what an alignment tells best.
        """
        now, then = (complex(pose[0, 0], pose[1, 0]) for pose in (self.pose, self._look.patch.pose))
        return abs(now / then - 1)

    def _settled(self, mesh: Mesh, time_s: float) -> Mesh:
        """Average a measured mesh with the last one, carried along; a real change passes at once.

        The average forgets exponentially in time, so that it is the same at any cadence.
        """
        carried_px = self.mesh_px
        change = mesh.points_px - carried_px
        side_px = 2 / float(np.hypot(self.pose[0, 0], self.pose[1, 0]))
        moved = math.sqrt(float(np.mean(np.sum(change**2, axis=1)))) / side_px
        forget = 1 - math.exp(-(time_s - self._look.time_s) / _SETTLE_S)
        weight = min(1.0, max(forget, (moved / _MOVED) ** 2))
        return Mesh(carried_px + weight * change, mesh.blendshapes)

    def _take(self, rgb: Image, sight: Sight, time_s: float) -> None:
        """Remember what the network saw."""
        mesh = sight.mesh
        pose = pose_of_mesh(mesh.points_px)
        self._look = _Look(
            time_s,
            carried(mesh.points_px, pose),
            sight.view_px,
            take_patch(rgb, pose),
            mesh.blendshapes,
        )
        self._place(pose)
        self._due_s = time_s + HOLD_S

    def _place(self, pose: Affine) -> None:
        """Carry the mesh of the last look to a pose."""
        self.pose = pose
        self.mesh_px = carried(self._look.mesh_roi, inverse(pose))
        self.box = hull_of(self.mesh_px)
