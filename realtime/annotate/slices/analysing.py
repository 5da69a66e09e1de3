"""Detection and classification frame by frame, starting afresh with each slice.

The results of a slice depend on nothing but its own frames and the one after its last, in which its
finder looks once more, so that numbers can be carried over to the next slice.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.times import slice_of
from fer_live.realtime.faces import ChosenFaces, FollowingFinder, LastPlace, open_finder
from fer_live.realtime.inference.classifier import Prediction
from fer_live.realtime.measures import Measurer
from fer_live.realtime.pipeline import cut_crops
from fer_live.realtime.results import Face, Frame


@dataclass(frozen=True, slots=True)
class FrameFaces:
    """The results of one frame, by a finder that knows nothing of earlier slices.

    Attributes:
        frame_index: Of the frame.
        time_s: Of the frame.
        faces: With their measurements, without landmarks; a `follow_id` holds within its slice.
        prediction: The model's predictions, in the same order.
    """

    frame_index: int
    time_s: float
    faces: tuple[Face, ...]
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class SliceEnd:
    """The state at the end of a slice.

    Attributes:
        places: Positions of the faces in the frame after the slice; empty at the end of the file.
        crowded: Number of frames in which as many faces were found as are tracked at most.
    """

    places: tuple[LastPlace, ...]
    crowded: int


SliceItem: TypeAlias = FrameFaces | SliceEnd
"""The results of a slice's frames, then its end; then those of the next slice."""


class _SliceFinder:
    """The finder of one slice; its networks stay open for the next."""

    def __init__(self, every_face: FollowingFinder, wanted: ChosenFaces) -> None:
        self._every_face, self._wanted = every_face, wanted

    @property
    def crowded(self) -> int:
        """Number of frames in which as many faces were found as are tracked at most."""
        return self._wanted.crowded

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the chosen faces of a frame."""
        return self._wanted.find(frame)

    def end(self, after: Frame) -> SliceEnd:
        """Look at the frame after the slice, and return the state at its end."""
        crowded = self.crowded
        self._every_face.find(after)
        return SliceEnd(self._every_face.places(after.time_s), crowded)


class SliceAnalyser:
    """Detects, classifies and measures the faces of one input."""

    def __init__(self, settings: AnnotateSettings, opened: Opened, measured: Sequence[str]) -> None:
        """Prepare.

        Args:
            settings: What is wanted.
            opened: Model and networks.
            measured: Names of the measurements of each face.
        """
        self._settings, self._opened = settings, opened
        self._classifier = opened.classifier(settings.model, settings.device)
        self._measurer = Measurer(measured)
        self._faces = replace(
            settings.faces,
            blendshapes=settings.faces.blendshapes or self._measurer.needs_blendshapes,
        )

    def analysed(self, frames: Iterable[Frame], slice_s: float) -> Generator[SliceItem]:
        """Yield the results of every frame, and the state at the end of each slice.

        Args:
            frames: In order, of one slice and the frame after it, or of the whole input.
            slice_s: Length of a slice, in seconds.
        """
        finder: _SliceFinder | None = None
        number = -1
        for frame in frames:
            at = slice_of(frame.time_s, slice_s)
            if finder is not None and at != number:
                yield finder.end(frame)
                finder = None
            if finder is None:
                finder, number = self._new_finder(), at
            yield self._analysed(frame, finder)
        if finder is not None:
            yield SliceEnd((), finder.crowded)

    def _new_finder(self) -> "_SliceFinder":
        """Return a finder with an empty state."""
        settings = self._settings
        networks = self._opened.networks(self._faces, settings.device)
        every_face = open_finder(self._faces, live=False, networks=networks)
        wanted = ChosenFaces(every_face, settings.chosen, max_faces=self._faces.max_faces)
        return _SliceFinder(every_face, wanted)

    def _analysed(self, frame: Frame, finder: "_SliceFinder") -> FrameFaces:
        """Detect, classify and measure the faces of a frame."""
        faces = finder.find(frame)
        crops = cut_crops(frame, faces, self._classifier.contract)
        prediction = self._classifier.classify(crops)
        measured = tuple(
            replace(self._measurer.of_face(frame.rgb, face), landmarks_px=None) for face in faces
        )
        return FrameFaces(frame.index, frame.time_s, measured, prediction)
