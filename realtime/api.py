"""The Python API: facial expressions from a file, camera, stream or pictures in memory.

    import fer_live

    for result in fer_live.analyze("talk.mp4"):
        for track in result.tracks:
            print(result.time_s, track.track_id, track.label, track.probabilities["happy"])

The command `annotate` looks ahead where this does not; in Python it is `fer_live.annotate`.
"""

import logging
from collections.abc import Generator, Iterable
from contextlib import closing
from os import PathLike, fspath
from pathlib import Path
from typing import Literal, TypeAlias, overload

from fer_live.arrays import Image
from fer_live.bundle import DEFAULT_MODEL
from fer_live.contract import Prior
from fer_live.errors import SettingsError
from fer_live.labels import LABELS
from fer_live.realtime import overlay
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.session import Device
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sources import (
    ArraysSource,
    LatestFrame,
    Source,
    as_image,
    decode_picture,
    open_source,
    read_picture,
)

_log = logging.getLogger(__name__)

SourceLike: TypeAlias = str | PathLike[str] | int | Iterable[object]
"""A file, folder, address or camera; or pictures in memory, as `analyze` says."""


@overload
def analyze(
    source: SourceLike,
    *,
    frames: Literal[False] = False,
    model: str = ...,
    device: Device = ...,
    prior: Prior = ...,
    faces: FaceSettings | None = ...,
) -> Generator[FrameResult]: ...


@overload
def analyze(
    source: SourceLike,
    *,
    frames: Literal[True],
    model: str = ...,
    device: Device = ...,
    prior: Prior = ...,
    faces: FaceSettings | None = ...,
) -> Generator[tuple[Frame, FrameResult]]: ...


def analyze(
    source: SourceLike,
    *,
    frames: bool = False,
    model: str = DEFAULT_MODEL,
    device: Device = "auto",
    prior: Prior = "balanced",
    faces: FaceSettings | None = None,
) -> Generator[FrameResult] | Generator[tuple[Frame, FrameResult]]:
    """Yield what is seen in each frame, faces or none.

    A file, a picture or a folder of pictures gives every frame. A camera or a stream gives its
    newest frame each time and drops those that came meanwhile. Labels are steadied as they are
    live, without a look ahead; `fer_live.annotate` looks ahead. Nothing is opened before the first
    result is asked for; everything is closed when the loop ends, by an exception or `close()` too.

    Args:
        source: A file or folder, the URL of a stream, a camera's index or device; or an iterable
            of pictures in memory: (H, W, 3) uint8 RGB (OpenCV's are BGR: turn them first) or
            (H, W) uint8 gray arrays, or PIL images, taken as one video of 30 frames a second;
            `Frame`s where their times are known.
        frames: Yield (frame, result) instead; `frame.rgb` is the upright picture, read-only.
        model: Name of a shipped model, or the path of an .onnx file.
        device: "auto" takes CUDA where a session really gets it, "cuda" insists.
        prior: "balanced" takes labels as if all were equally frequent, "natural" as frequent as
            in training.
        faces: How faces are found, such as `FaceSettings(max_faces=2, blendshapes=True)`.

    Raises:
        SourceError: The source cannot be opened or read, or is gone.
        SettingsError: The source is nothing of the above.
        ModelError: The model is missing, damaged or foreign.
        DeviceError: The device cannot be had.
    """
    pairs = _pairs(source, model=model, device=device, prior=prior, faces=faces)
    return pairs if frames else _results(pairs)


def analyze_image(
    image: object,
    *,
    model: str = DEFAULT_MODEL,
    device: Device = "auto",
    prior: Prior = "balanced",
    faces: FaceSettings | None = None,
) -> FrameResult:
    """Return what is seen in one picture, faces or none.

    The networks are loaded for each call; a loop over many pictures is faster as one `analyze` of
    a folder.

    Args:
        image: A picture's path, the bytes of its file, an (H, W, 3) uint8 RGB (OpenCV's are BGR:
            turn them first) or (H, W) uint8 gray array, or a PIL image.
        model: As for `analyze`.
        device: As for `analyze`.
        prior: As for `analyze`.
        faces: As for `analyze`.

    Raises:
        SourceError: The picture cannot be read, or is none.
        ModelError: The model is missing, damaged or foreign.
        DeviceError: The device cannot be had.
    """
    picture = [_picture(image)]
    with closing(analyze(picture, model=model, device=device, prior=prior, faces=faces)) as results:
        return next(results)


def draw(picture: object, result: FrameResult) -> Image:
    """Return a new (H, W, 3) uint8 RGB picture with every face framed and named.

    Args:
        picture: What `analyze_image` takes, or `frame.rgb`; in the size that was analyzed.
        result: What was seen in it.

    Raises:
        SourceError: The picture cannot be read, or is none.
    """
    labels = result.tracks[0].labels if result.tracks else LABELS
    return overlay.draw(_picture(picture), result, labels=labels)


def _picture(image: object) -> Image:
    """Return whatever `analyze_image` takes as (H, W, 3) uint8 RGB."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        return decode_picture(bytes(image), "the picture in memory")
    if isinstance(image, (str, PathLike)):
        return read_picture(Path(image))
    return as_image(image)


def _opened(source: SourceLike) -> Source:
    """Open whatever `analyze` takes."""
    if isinstance(source, (str, PathLike)) or (
        isinstance(source, int) and not isinstance(source, bool)
    ):
        spec = str(source) if isinstance(source, int) else fspath(source)
        named = isinstance(source, PathLike) and spec.isdecimal()  # a file called 7, no camera
        return open_source(f"./{spec}" if named else spec)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray)):
        return ArraysSource(source)
    raise SettingsError(
        f"{type(source).__name__} is no source: give a path, an address, a camera's number, or an "
        "iterable of pictures; for one picture in memory there is analyze_image"
    )


def _pairs(
    source: SourceLike,
    *,
    model: str,
    device: Device,
    prior: Prior,
    faces: FaceSettings | None,
) -> Generator[tuple[Frame, FrameResult]]:
    """Yield every frame of a file, the newest frames of anything live, each with its result."""
    with (
        _opened(source) as opened,
        open_finder(faces or FaceSettings(), live=opened.info.live, device=device) as finder,
    ):
        classifier = OnnxClassifier(model, device=device)
        pipeline = Pipeline(finder, classifier, PipelineSettings(prior=prior))
        if opened.info.live:
            with LatestFrame(opened) as newest:
                yield from ((frame, pipeline.process(frame)) for frame in newest)
        else:
            yield from ((frame, pipeline.process(frame)) for frame in opened)
        if opened.fault is not None:
            _log.warning("%s", opened.fault)


def _results(pairs: Generator[tuple[Frame, FrameResult]]) -> Generator[FrameResult]:
    """Yield the results alone."""
    with closing(pairs):
        for _, result in pairs:
            yield result
