"""The pipeline's face finder: search, confirm, then follow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

from fer_live.arrays import Image, Points
from fer_live.realtime.faces.changes import Thumbnail, is_cut
from fer_live.realtime.faces.follower import Follower, Sight, confirm_in_view, look_in_views
from fer_live.realtime.faces.mesh import hull_of
from fer_live.realtime.faces.networks import Candidate, FaceNetworks
from fer_live.realtime.faces.search import Search, SearchSettings, distinct
from fer_live.realtime.faces.settings import FaceSettings
from fer_live.realtime.faces.tiles import SMALLEST_SEEN
from fer_live.realtime.faces.views import pose_of_anchors, pose_of_mesh
from fer_live.realtime.results import Box, Face, Frame

CANDIDATE_SCORE: Final = 0.35
"""Low, so that the detector sees faces of a ninth of its picture: each is confirmed anyway."""
_SURE_SCORE: Final = 0.5
"""From here on MediaPipe's landmarker itself believes its detector."""
_KNOWN: Final = 0.5
"""A candidate of which this part lies on a face that is followed shows that face."""
SAME_PLACE: Final = 0.3
_INSIDE: Final = 0.5
"""A face of which less than this is in the picture has left it."""
_ONE_FACE: Final = 0.5
"""Two followers whose hulls overlap by more than this are on one face."""
_SAME_PERSON: Final = 0.6
"""Over a cut, a face that correlates less than this with what it was is somebody else's."""
LOST_KEEP_S: Final = 1.3
_REACH: Final = 1.0
_GROWTH: Final = 1.7
"""A face that comes back within `LOST_KEEP_S`, no further away than its own size times `_REACH`
and no more than `_GROWTH` times larger or smaller, is the one that was lost."""
_LOST_EVERY_S: Final = 0.1


class FaceFinder(Protocol):
    """Anything that finds faces: MediaPipe when it is real, a list when it is a test."""

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the faces in `frame`, empty when there are none; time must not go back."""
        ...

    def close(self) -> None:
        """Free what was opened; closing twice is allowed."""
        ...

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


@dataclass(slots=True)
class _Lost:
    """A place where a face was followed until it was lost.

    Attributes:
        follow_id: Its number.
        box: Where it was.
        since_s: When it was lost.
        looked_s: When its place was last looked at.
        may_return: Whether a face that is found here may be the same; not after a cut.
    """

    follow_id: int
    box: Box
    since_s: float
    looked_s: float
    may_return: bool


@dataclass(frozen=True, slots=True)
class LastPlace:
    """Where a face was when it was last seen.

    Attributes:
        follow_id: Its number.
        box: Where it was.
        since_s: When; of a face that is followed, the time of the last frame.
    """

    follow_id: int
    box: Box
    since_s: float


class FollowingFinder(FaceFinder):
    """Finds faces of any size and follows each in a view of its own."""

    def __init__(
        self, settings: FaceSettings, networks: FaceNetworks, *, live: bool, owned: bool
    ) -> None:
        """Take networks that know nothing of another source, and close them if `owned`."""
        self._settings, self._owned = settings, owned
        self._search_settings = SearchSettings(
            period_s=settings.search_period_s, tiles=settings.search, patient=not live
        )
        self._networks = networks
        self._size_wh: tuple[int, int] | None = None
        self._search: Search
        self._before: Thumbnail | None = None
        self._followers: list[Follower] = []
        self._lost: list[_Lost] = []
        self._next_id = 1
        self._last_view_px: Points | None = None

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the faces in `frame`, those followed longest first; time must not go back."""
        self._fit_to(frame.rgb)
        now = self._search.thumbnail(frame.rgb)
        fresh = self._before is None or is_cut(self._before, now)
        self._before = now
        self._advance(frame, cut=fresh)
        if len(self._followers) < self._settings.max_faces:
            boxes = [follower.box for follower in self._followers]
            candidates = self._search.candidates(frame.rgb, now, frame.time_s, boxes, fresh=fresh)
            candidates += self._search_where_lost(frame)
            self._take_in(distinct(candidates), boxes, frame)
        return [follower.face() for follower in self._followers]

    def places(self, time_s: float) -> tuple[LastPlace, ...]:
        """Return where each face is that is followed, and was that may still come back.

        Args:
            time_s: Of the frame that was looked at last.
        """
        followed = [LastPlace(f.follow_id, f.box, time_s) for f in self._followers]
        lost = [LastPlace(x.follow_id, x.box, x.since_s) for x in self._lost if x.may_return]
        return (*followed, *lost)

    def close(self) -> None:
        """Close the networks, if they are its own; closing twice is allowed."""
        if self._owned:
            self._networks.close()

    def _fit_to(self, rgb: Image) -> None:
        """Begin anew when the pictures have another size than before."""
        size_wh = rgb.shape[1], rgb.shape[0]
        if size_wh != self._size_wh:
            self._size_wh = size_wh
            self._search = Search(self._networks, size_wh, self._search_settings)
            self._before = None
            self._followers, self._lost = [], []

    def _advance(self, frame: Frame, *, cut: bool) -> None:
        """Follow every face into a new frame, and let go of those that are lost."""
        every = cut or self._settings.cadence == "every"
        before = {f.follow_id: f.box for f in self._followers}
        gone = self._look_at_due(frame, every=every)
        kept = [
            follower
            for follower in self._followers
            if follower.follow_id not in gone
            and _part_inside(follower.box, frame.rgb) >= _INSIDE
            and not (cut and follower.likeness < _SAME_PERSON)
        ]
        self._followers = _one_a_face(kept)
        for lost in before.keys() - {follower.follow_id for follower in self._followers}:
            now_s = frame.time_s
            self._lost.append(_Lost(lost, before[lost], now_s, now_s, may_return=not cut))

    def _look_at_due(self, frame: Frame, *, every: bool) -> set[int]:
        """Advance all followers, look at those that need it; return the numbers of those gone."""
        due = [f for f in self._followers if f.advance(frame.rgb, frame.time_s, every=every)]
        sights = look_in_views(
            self._networks,
            frame.rgb,
            [follower.pose for follower in due],
            [follower.last_view_px for follower in due],
            again=True,
        )
        self._remember(sights)
        gone = set()
        for follower, sight in zip(due, sights, strict=True):
            if sight is None:
                gone.add(follower.follow_id)
            else:
                follower.take(frame.rgb, sight, frame.time_s)
        return gone

    def _search_where_lost(self, frame: Frame) -> list[Candidate]:
        """Look at the places where faces were lost, a few times a second, until given up."""
        self._lost = [lost for lost in self._lost if frame.time_s - lost.since_s <= LOST_KEEP_S]
        found = []
        for lost in self._lost:
            if frame.time_s - lost.looked_s >= _LOST_EVERY_S:
                lost.looked_s = frame.time_s
                found += self._search.close_up(frame.rgb, lost.box, frame.time_s)
        return found

    def _take_in(
        self, candidates: Sequence[Candidate], followed: Sequence[Box], frame: Frame
    ) -> None:
        """Follow those candidates that are new and that the landmark network confirms."""
        for candidate in candidates:
            if len(self._followers) >= self._settings.max_faces:
                return
            if any(_covered(candidate.box, box) > _KNOWN for box in followed):
                continue
            sight = self._confirmed(frame.rgb, candidate)
            if sight is None:
                continue
            box = hull_of(sight.mesh.points_px)
            if self._is_followed(box) or _part_inside(box, frame.rgb) < _INSIDE:
                continue
            number = self._number(box)
            self._followers.append(
                Follower(number, frame.rgb, sight, time_s=frame.time_s, score=candidate.score)
            )

    def _number(self, box: Box) -> int:
        """Return the number of a face that has been found: its old one if it was just lost."""
        near = [lost for lost in self._lost if lost.may_return and may_have_moved(lost.box, box)]
        back = min(near, key=lambda lost: distance_px(lost.box, box), default=None)
        self._lost = [
            lost
            for lost in self._lost
            if lost is not back and (lost.may_return or lost.box.iou(box) <= SAME_PLACE)
        ]
        if back is not None:
            return back.follow_id
        self._next_id += 1
        return self._next_id - 1

    def _is_followed(self, box: Box) -> bool:
        """Whether a face that is followed lies at this place."""
        return any(
            f.box.iou(box) > SAME_PLACE or _covered(box, f.box) > _KNOWN for f in self._followers
        )

    def _confirmed(self, rgb: Image, candidate: Candidate) -> Sight | None:
        """Look at the candidate, and return it if it is a face when it is seen large.

        What MediaPipe's landmarker itself would take for a face is measured at once.
        """
        longest = max(rgb.shape[:2])
        pose = pose_of_anchors(candidate.anchors_px)
        if candidate.score < _SURE_SCORE or candidate.box.width_px < SMALLEST_SEEN * longest:
            first = confirm_in_view(self._networks, rgb, pose)
            if first is None:
                return None
            box = hull_of(first.mesh.points_px)
            if box.iou(candidate.box) < SAME_PLACE or self._is_followed(box):
                return None
            pose = pose_of_mesh(first.mesh.points_px)
        sights = look_in_views(self._networks, rgb, [pose], [self._last_view_px])
        self._remember(sights)
        return sights[0]

    def _remember(self, sights: Sequence[Sight | None]) -> None:
        """Remember where in its view the last face was seen: a new face's first look begins there.

        Every face lies at the same place of its view. Where the last was not seen, the detector
        begins. MediaPipe's own looks do the same by themselves.
        """
        if sights:
            self._last_view_px = None if sights[-1] is None else sights[-1].view_px


def may_have_moved(box: Box, other: Box) -> bool:
    """Whether one face may have moved from one box to the other unseen."""
    sizes = sorted(max(b.width_px, b.height_px) for b in (box, other))
    return distance_px(box, other) < _REACH * sizes[1] and sizes[1] < _GROWTH * sizes[0]


def distance_px(box: Box, other: Box) -> float:
    """Return the distance between the middles of two boxes, in pixels."""
    return math.dist(box.centre_px, other.centre_px)


def _part_inside(box: Box, rgb: Image) -> float:
    """Return the part of a box that lies in the picture, in [0, 1]."""
    return _covered(box, Box(0, 0, rgb.shape[1], rgb.shape[0]))


def _covered(box: Box, by: Box) -> float:
    """Return the part of the smaller of two boxes that lies in the other, in [0, 1]."""
    iou = box.iou(by)
    smaller = min(box.area_px2, by.area_px2)
    overlap = iou / (1 + iou) * (box.area_px2 + by.area_px2)
    return overlap / smaller if smaller > 0 else 0.0


def _one_a_face(followers: Sequence[Follower]) -> list[Follower]:
    """Leave one follower on each face: the one whose face looks most as it did before."""
    kept: list[Follower] = []
    for follower in sorted(followers, key=lambda f: (-f.likeness, f.follow_id)):
        box = follower.box
        if all(other.box.iou(box) < _ONE_FACE for other in kept):
            kept.append(follower)
    return sorted(kept, key=lambda follower: follower.follow_id)
