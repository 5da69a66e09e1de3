"""Faces found and named picture by picture, anew from each slice's first picture on.

What is seen of a slice depends on nothing but its own pictures, and on the one after its last: the
finder that knows the slice looks there once more, so that whoever comes later knows where everybody
was.
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
class Look:
    """What is seen in one picture, by a finder that knows nothing of earlier slices.

    Attributes:
        frame_index: Of the picture.
        time_s: Of the picture.
        faces: With their measures, without landmarks; each `follow_id` counts in its slice alone.
        prediction: What the model says of each, in the same order.
    """

    frame_index: int
    time_s: float
    faces: tuple[Face, ...]
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class SliceEnd:
    """What is known when a slice is over.

    Attributes:
        places: Where everybody is in the picture after the slice; empty at the end of the file.
        crowded: In how many pictures as many faces were found as are followed.
    """

    places: tuple[LastPlace, ...]
    crowded: int


Seen: TypeAlias = Look | SliceEnd
"""The looks of a slice, then its end; then those of the next."""


class _Eyes:
    """A finder for one slice; its networks stay open for the next."""

    def __init__(self, every_face: FollowingFinder, wanted: ChosenFaces) -> None:
        self._every_face, self._wanted = every_face, wanted

    @property
    def crowded(self) -> int:
        """In how many pictures as many faces were found as are followed."""
        return self._wanted.crowded

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the faces that are wanted."""
        return self._wanted.find(frame)

    def end(self, after: Frame) -> SliceEnd:
        """Look at the picture after the slice, and say where everybody is."""
        crowded = self.crowded
        self._every_face.find(after)
        return SliceEnd(self._every_face.places(after.time_s), crowded)


class Looker:
    """Looks at the pictures of one input with what a process has opened."""

    def __init__(self, settings: AnnotateSettings, opened: Opened, measured: Sequence[str]) -> None:
        """Look at nothing yet.

        Args:
            settings: What is wanted.
            opened: Model and networks.
            measured: Names of all measures that are wanted of each face.
        """
        self._settings, self._opened = settings, opened
        self._classifier = opened.classifier(settings.model, settings.device)
        self._measurer = Measurer(measured)
        self._faces = replace(
            settings.faces,
            blendshapes=settings.faces.blendshapes or self._measurer.needs_blendshapes,
        )

    def looks(self, frames: Iterable[Frame], slice_s: float) -> Generator[Seen]:
        """Yield what is seen in every frame, and what is known at the end of each slice.

        Args:
            frames: In order; from the first of a slice on, or of all that is wanted.
            slice_s: How long slices are, in seconds.
        """
        eyes: _Eyes | None = None
        number = -1
        for frame in frames:
            at = slice_of(frame.time_s, slice_s)
            if eyes is not None and at != number:
                yield eyes.end(frame)
                eyes = None
            if eyes is None:
                eyes, number = self._open_eyes(), at
            yield self._look(frame, eyes)
        if eyes is not None:
            yield SliceEnd((), eyes.crowded)

    def _open_eyes(self) -> "_Eyes":
        """Return a finder that has seen nothing."""
        settings = self._settings
        networks = self._opened.networks(self._faces, settings.device)
        every_face = open_finder(self._faces, live=False, networks=networks)
        wanted = ChosenFaces(every_face, settings.chosen, max_faces=self._faces.max_faces)
        return _Eyes(every_face, wanted)

    def _look(self, frame: Frame, eyes: "_Eyes") -> Look:
        """Find, name and measure the faces of a frame."""
        faces = eyes.find(frame)
        crops = cut_crops(frame, faces, self._classifier.contract)
        prediction = self._classifier.classify(crops)
        measured = tuple(
            replace(self._measurer.of_face(frame.rgb, face), landmarks_px=None) for face in faces
        )
        return Look(frame.index, frame.time_s, measured, prediction)
