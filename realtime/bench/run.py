"""Run the benchmark of `fer-live bench` from start to end."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.bundle import model_names
from fer_live.errors import SettingsError
from fer_live.realtime.bench.figures import BenchReport, ClipFigures
from fer_live.realtime.bench.measures.endurance import (
    measure_live,
    measure_memory,
    measure_startup_s,
)
from fer_live.realtime.bench.measures.gpu import measure_gpu
from fer_live.realtime.bench.measures.machine import this_machine
from fer_live.realtime.bench.measures.models import measure_models
from fer_live.realtime.bench.measures.stages import (
    WARM_UP_FRAMES,
    PipelineFigures,
    measure_pipeline,
)
from fer_live.realtime.bench.measures.swap import measure_swaps
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.faces import FaceSettings
from fer_live.realtime.faces.settings import resolved
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.session import Device
from fer_live.realtime.results import Frame
from fer_live.realtime.sources import open_video

DEFAULT_COPIES: Final = (2, 4, 8)
_COPIED_FRAMES: Final = 150
_Models: TypeAlias = dict[str, OnnxClassifier]


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What to measure, and how thoroughly.

    Attributes:
        models: Names of shipped models or paths of .onnx files; the pipeline uses the first.
        clips: Videos to measure the pipeline on; may be empty.
        device: Device of the pipeline's model; "cuda" also compares the GPU with one core.
        size_wh: Scale each frame to fit (width, height) in pixels and pad it with black; None
            keeps the original size.
        max_frames: Maximum number of frames of a clip to decode into memory and measure.
        rounds: Number of passes over each clip.
        calls: Timed calls per model and batch size.
        memory_frames: Length of the memory test in frames; None skips it.
        live: Whether to play each clip in real time, like a camera, and measure the start-up time.
        copies: Also measure frames tiled with so many copies of the clip, to get that many faces;
            1 is the clip itself, which is always measured. Uses at most 150 frames.
        faces: Settings of the face finder.
    """

    models: tuple[str, ...]
    clips: tuple[Path, ...] = ()
    device: Device = "cpu"
    size_wh: tuple[int, int] | None = None
    max_frames: int = 600
    rounds: int = 3
    calls: int = 300
    memory_frames: int | None = None
    live: bool = True
    copies: tuple[int, ...] = DEFAULT_COPIES
    faces: FaceSettings = field(default_factory=FaceSettings)

    def __post_init__(self) -> None:
        """Reject settings that would otherwise fail minutes later.

        Raises:
            SettingsError: No model, an unknown device, or too few frames, rounds or calls.
        """
        if not self.models:
            raise SettingsError("no model to measure: give at least one with --models")
        if self.device not in ("cpu", "cuda"):
            raise SettingsError(f"--device is {self.device!r}: measure on cpu or cuda")
        if self.max_frames <= WARM_UP_FRAMES or self.rounds < 1 or self.calls < 1:
            raise SettingsError(
                f"give at least 1 round, 1 call and {WARM_UP_FRAMES + 1} frames, not "
                f"{self.rounds}, {self.calls} and {self.max_frames}"
            )


def run_bench(
    settings: BenchSettings, *, pinned: bool, tell: Callable[[str], None] = lambda line: None
) -> BenchReport:
    """Run the benchmark, one measurement after another.

    Args:
        settings: What to measure.
        pinned: Whether the caller has pinned the process to one core; only stated in the report.
        tell: Called with a line of text whenever another measurement begins.

    Raises:
        FerLiveError: A model or a clip cannot be used.
    """
    for path in settings.clips:  # a wrong name should not cost minutes
        open_video(path).close()
    tell(f"models: {', '.join(settings.models)}")
    opened = [OnnxClassifier(model, device=settings.device) for model in settings.models]
    gpu = [
        measure_gpu(m, calls=settings.calls) for m in settings.models if settings.device == "cuda"
    ]
    models = measure_models(settings.models, calls=settings.calls)
    named = {model.name: classifier for model, classifier in zip(models, opened, strict=True)}
    clips: list[ClipFigures] = []
    for path in settings.clips:
        tell(f"pipeline: {path.name}")
        frames = load_frames(path, settings.size_wh, settings.max_frames)
        clips.append(_measure_clip(path, frames, named, settings))
        for count in settings.copies:
            if count > 1:
                tell(f"pipeline: {path.name}, {count} copies")
                clips.append(_measure_copies(path, frames[:_COPIED_FRAMES], count, named, settings))
    return BenchReport(
        this_machine(),
        pinned,
        opened[0].provider,
        tuple(models),
        tuple(clips),
        tuple(gpu),
        finder=resolved(settings.faces.finder) if clips else "",
    )


def chosen_models(asked: Sequence[str]) -> tuple[str, ...]:
    """Return the requested models, or all shipped ones if none is requested."""
    return tuple(asked or model_names())


@contextmanager
def clips_or_portrait(asked: Sequence[Path]) -> Generator[Sequence[Path]]:
    """Provide the requested clips, or a temporary one made from the bundled portrait.

    Raises:
        SourceError: No clip was requested and the portrait is not installed.
    """
    if asked:
        yield asked
        return
    with TemporaryDirectory() as folder:
        clip = Path(folder) / "portrait.mp4"
        write_portrait_clip(clip)
        yield [clip]


def load_frames(
    path: Path, size_wh: tuple[int, int] | None = None, max_frames: int | None = None
) -> list[Frame]:
    """Decode a clip into memory, so that decoding is not part of the measurement.

    Args:
        path: The clip.
        size_wh: Letterbox frames to this size in pixels; None keeps their size.
        max_frames: Stop after so many frames; None reads the whole clip.

    Raises:
        SourceError: The clip cannot be read.
        SettingsError: It has no more than the 15 frames of the warm-up.
    """
    frames: list[Frame] = []
    with open_video(path) as source:
        for frame in source:
            frames.append(frame if size_wh is None else fitted(frame, size_wh))
            if len(frames) == max_frames:
                break
    if len(frames) <= WARM_UP_FRAMES:
        raise SettingsError(
            f"{path.name} has {len(frames)} frames: give a clip of more than {WARM_UP_FRAMES}"
        )
    return frames


def fitted(frame: Frame, size_wh: tuple[int, int]) -> Frame:
    """Return the frame letterboxed to `size_wh`: aspect ratio kept, padded with black."""
    width, height = size_wh
    scale = min(width / frame.rgb.shape[1], height / frame.rgb.shape[0])
    w, h = round(frame.rgb.shape[1] * scale), round(frame.rgb.shape[0] * scale)
    picture = np.zeros((height, width, 3), np.uint8)
    x, y = (width - w) // 2, (height - h) // 2
    picture[y : y + h, x : x + w] = cv2.resize(frame.rgb, (w, h), interpolation=cv2.INTER_AREA)
    return replace(frame, rgb=picture)


def repeated(rgb: Image, count: int) -> Image:
    """Return `count` copies of a picture tiled into a grid that is as square as possible."""
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    blank = np.zeros_like(rgb)
    cells = [rgb if i < count else blank for i in range(rows * columns)]
    lines = [np.hstack(cells[i * columns : (i + 1) * columns]) for i in range(rows)]
    return np.vstack(lines)


def _search_ratio(on: PipelineFigures, off: PipelineFigures) -> float:
    """Return the cost with the search for small faces over the cost without it.

    The two come from different runs. Where the bare landmarker ran in both, each is first divided
    by its time, which cancels drift of the machine.
    """
    if on.ratio is None or off.ratio is None:
        return on.mean_ms["total"] / off.mean_ms["total"]
    return on.ratio / off.ratio


def _measure_clip(
    path: Path, frames: Sequence[Frame], models: _Models, settings: BenchSettings
) -> ClipFigures:
    """Make every measurement that the settings request on one clip."""
    classifier = next(iter(models.values()))
    figures = _in_pipeline(path.name, frames, models, settings.faces, settings.rounds)
    if settings.faces.search:
        without = replace(settings.faces, search=False)
        off = measure_pipeline(frames, classifier, faces=without, rounds=settings.rounds)
        figures = replace(figures, search_ratio=_search_ratio(figures.pipeline, off))
    if settings.live:
        figures = replace(
            figures,
            startup_s=measure_startup_s(path, settings.models[0]),
            live=measure_live(path, classifier, settings.faces),
        )
    if settings.memory_frames is not None:
        count = settings.memory_frames
        memory = measure_memory(frames, classifier, settings.faces, count=count)
        figures = replace(figures, memory=memory)
    return figures


def _measure_copies(
    path: Path,
    frames: Sequence[Frame],
    count: int,
    models: _Models,
    settings: BenchSettings,
) -> ClipFigures:
    """Measure the pipeline on frames tiled with `count` copies of the clip."""
    many = [replace(frame, rgb=repeated(frame.rgb, count)) for frame in frames]
    faces = replace(settings.faces, max_faces=max(count, settings.faces.max_faces))
    return _in_pipeline(f"{path.name} x {count}", many, models, faces, settings.rounds)


def _in_pipeline(
    name: str, frames: Sequence[Frame], models: _Models, faces: FaceSettings, rounds: int
) -> ClipFigures:
    """Measure the pipeline with the first model, then the other models in its place.

    Only models that take the same crops as the first one are compared.
    """
    first = next(iter(models.values()))
    figures = ClipFigures(
        name, _size_wh(frames), measure_pipeline(frames, first, faces=faces, rounds=rounds)
    )
    fitting = {
        name: model
        for name, model in models.items()
        if (model.contract.crop, model.contract.colour)
        == (first.contract.crop, first.contract.colour)
    }
    if len(fitting) < 2 or figures.pipeline.labels_compared == 0:  # noqa: PLR2004
        return figures
    swaps = measure_swaps(frames, list(fitting.values()), faces=faces, rounds=rounds)
    return replace(figures, swaps=tuple(zip(fitting, swaps, strict=True)))


def _size_wh(frames: Sequence[Frame]) -> tuple[int, int]:
    """Return (width, height) of the frames."""
    height, width = frames[0].rgb.shape[:2]
    return width, height
