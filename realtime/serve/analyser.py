"""A face finder and pipeline on their own thread, for one camera."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Self, TypeVar

from fer_live.arrays import Image
from fer_live.contract import Prior
from fer_live.errors import SettingsError
from fer_live.realtime.faces import ChosenFaces, FaceSettings, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.measures import Measurer
from fer_live.realtime.measures.columns import QUALITY
from fer_live.realtime.overlay.absence import Absence
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import Frame, FrameResult, SourceInfo
from fer_live.realtime.send import Message
from fer_live.realtime.serve.settings import ServeSettings
from fer_live.realtime.smoothing.online import LabelSettings

MOST_FACES: Final = 32
LEAST_TAU_S: Final = 0.01
MOST_TAU_S: Final = 10.0

_MEASURER: Final = Measurer((QUALITY,))
_log = logging.getLogger(__name__)
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a viewer can change while it runs.

    Attributes:
        model: Name of a shipped model.
        prior: Which prior labels are taken with.
        max_faces: Follow at most so many.
        tau_s: Time constant of the smoothing, in seconds.
    """

    model: str
    prior: Prior
    max_faces: int
    tau_s: float = LabelSettings().tau_s

    @classmethod
    def of(cls, settings: ServeSettings) -> "Wishes":
        """Return what the command asked for."""
        return cls(settings.model, settings.prior, settings.faces.max_faces)

    def changed(self, asked: object, models: frozenset[str]) -> "Wishes":
        """Return these wishes with what a viewer asked for.

        Args:
            asked: What came as JSON.
            models: Models that may be asked for.

        Raises:
            SettingsError: It makes no sense.
        """
        if not isinstance(asked, dict) or not asked:
            raise SettingsError('settings are an object such as {"prior": "natural"}')
        for name, value in asked.items():
            if not _makes_sense(name, value, models):
                raise SettingsError(f"the setting {str(name)[:40]!r} does not take that value")
        changes: dict[str, Any] = dict(asked)
        return replace(self, **changes)


def _makes_sense(name: object, value: object, models: frozenset[str]) -> bool:
    """Whether a setting may have this value; a page can send anything."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    match name:
        case "model":
            return isinstance(value, str) and value in models
        case "prior":
            return value in ("natural", "balanced")
        case "max_faces":
            return number and value in range(1, MOST_FACES + 1)
        case "tau_s":
            return number and LEAST_TAU_S <= float(str(value)) <= MOST_TAU_S
    return False


class Analyser:
    """Reads one camera's frames; all work is done on one thread, as MediaPipe's tasks want it."""

    def __init__(self, settings: ServeSettings, wishes: Wishes) -> None:
        self._settings = settings
        self._wishes = wishes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="analyser")
        self._finder: ChosenFaces | None = None
        self._pipeline: Pipeline | None = None
        self._frames = 0
        self._last_s = 0.0
        self._absence = Absence()

    @property
    def wishes(self) -> Wishes:
        """What is set now."""
        return self._wishes

    async def open(self) -> Self:
        """Load the networks.

        Raises:
            ModelError: A model is missing or damaged.
            DeviceError: The device cannot be had.
        """
        await self._do(self._load)
        return self

    @property
    def hint(self) -> str | None:
        """Why nobody may have been seen for a while; None while somebody is."""
        return self._absence.hint

    async def analyse(self, rgb: Image, time_s: float) -> FrameResult:
        """Return what is seen in the next frame; time that goes back stands still instead."""
        return await self._do(partial(self._process, rgb, time_s))

    async def change(self, wishes: Wishes) -> None:
        """Begin anew with other settings; faces get new numbers from 1."""
        self._wishes = wishes
        await self._do(self._load)

    async def take_rest(self) -> float:
        """Take what faces say from now on for their rest; return for how many seconds.

        Raises:
            SettingsError: The model has no label neutral.
        """
        return await self._do(self._take_rest)

    async def close(self) -> None:
        """Free the networks and end the thread."""
        await self._do(self._unload)
        self._thread.shutdown(wait=False)

    async def _do(self, work: Callable[[], _Done]) -> _Done:
        """Run something on this analyser's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _load(self) -> None:
        self._unload()
        self._frames = 0
        self._finder, self._pipeline = load(self._settings, self._wishes)

    def _unload(self) -> None:
        if self._finder is not None:
            self._finder.close()
        self._finder = self._pipeline = None

    def _take_rest(self) -> float:
        if self._pipeline is None:
            raise RuntimeError("take_rest after close")
        return self._pipeline.take_baseline()

    def _process(self, rgb: Image, time_s: float) -> FrameResult:
        if self._pipeline is None or self._finder is None:
            raise RuntimeError("analyse after close")
        self._last_s = max(self._last_s, time_s)
        frame = Frame(self._frames, self._last_s, rgb)
        self._frames += 1
        result = process(self._pipeline, self._finder, frame, "a browser's camera")
        self._absence.take(frame, result)
        return with_quality(frame, result)


def process(pipeline: Pipeline, finder: ChosenFaces, frame: Frame, name: str) -> FrameResult:
    """Return what is seen in a frame; the first crowd is logged."""
    crowded_before = finder.crowded
    result = pipeline.process(frame)
    if finder.crowded > crowded_before == 0:
        _log.warning("%s", finder.notice(name))
    return result


def with_quality(frame: Frame, result: FrameResult) -> FrameResult:
    """Return a result with each face's quality, which only a page shows."""
    return _MEASURER.measured(frame, result)


def page_message(
    info: SourceInfo, frame: Frame, result: FrameResult, hint: str | None
) -> dict[str, Any]:
    """Return a result as the page takes it: the message of `--send`, each face's quality, a hint.

    Args:
        info: Of the source.
        frame: The picture.
        result: What was seen in it, `with_quality`.
        hint: Why nobody is seen; None for nothing to say.
    """
    message = dict(Message.of(info, frame, result).content) | {"hint": hint}
    message["faces"] = [
        face | {QUALITY: None if track.face.measures is None else track.face.measures[QUALITY]}
        for face, track in zip(message["faces"], result.tracks, strict=True)
    ]
    return message


def load(settings: ServeSettings, wishes: Wishes) -> tuple[ChosenFaces, Pipeline]:
    """Return a finder and a pipeline for a live source; whoever asks closes the finder.

    Raises:
        ModelError: A model is missing or damaged.
        DeviceError: The device cannot be had.
    """
    faces: FaceSettings = replace(settings.faces, max_faces=wishes.max_faces)
    every_face = open_finder(faces, live=True, device=settings.device)
    finder = ChosenFaces(every_face, settings.chosen, max_faces=faces.max_faces)
    try:
        classifier = OnnxClassifier(wishes.model, device=settings.device)
    except BaseException:
        finder.close()
        raise
    label = LabelSettings(tau_s=wishes.tau_s)
    return finder, Pipeline(finder, classifier, PipelineSettings(prior=wishes.prior, label=label))
