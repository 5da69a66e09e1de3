"""The Python API: facial expressions from a file, camera, stream or pictures in memory.

    import fer_live

    for result in fer_live.analyze("talk.mp4"):
        for track in result.tracks:
            print(result.time_s, track.track_id, track.label, track.probabilities["happy"])

Labels here never depend on later frames; the command `annotate`, in Python `fer_live.annotate`,
uses later frames too.
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

    A file, a picture or a folder of pictures yields every frame. A camera or a stream yields its
    newest frame each time and drops those that arrived in between. Labels are smoothed as in live
    use, from past frames only; `fer_live.annotate` uses later frames too. Nothing is opened before
    the first result is requested; everything is closed when the loop ends, also by an exception or
    `close()`.

    Args:
        source: A file or folder, the URL of a stream, a camera's index or device; or an iterable
            of pictures in memory: (H, W, 3) uint8 RGB (OpenCV's are BGR: convert them first) or
            (H, W) uint8 gray arrays, or PIL images, treated as one video of 30 frames a second;
            or `Frame`s, if their times are known.
        frames: Yield (frame, result) instead; `frame.rgb` is the upright picture, read-only.
        model: Name of a shipped model, or the path of an .onnx file.
        device: "auto" uses CUDA if it works, "cuda" requires it.
        prior: "balanced" chooses labels as if all were equally frequent, "natural" as if they
            were as frequent as in training.
        faces: How faces are detected, such as `FaceSettings(max_faces=2, blendshapes=True)`.

    Raises:
        SourceError: The source cannot be opened or read, or is gone.
        SettingsError: The source is none of the above.
        ModelError: The model is missing, damaged or not a fer-live model.
        DeviceError: The device is not available.
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

    The networks are loaded for each call; for many pictures, `analyze` on their folder is faster.

    Args:
        image: A picture's path, the bytes of its file, an (H, W, 3) uint8 RGB (OpenCV's are BGR:
            convert them first) or (H, W) uint8 gray array, or a PIL image.
        model: As for `analyze`.
        device: As for `analyze`.
        prior: As for `analyze`.
        faces: As for `analyze`.

    Raises:
        SourceError: The picture cannot be read, or is not a picture.
        ModelError: The model is missing, damaged or not a fer-live model.
        DeviceError: The device is not available.
    """
    picture = [_picture(image)]
    with closing(analyze(picture, model=model, device=device, prior=prior, faces=faces)) as results:
        return next(results)


def draw(picture: object, result: FrameResult) -> Image:
    """Return a new (H, W, 3) uint8 RGB picture with a box and a label on every face.

    Args:
        picture: What `analyze_image` takes, or `frame.rgb`; in the size that was analyzed.
        result: What was seen in it.

    Raises:
        SourceError: The picture cannot be read, or is not a picture.
    """
    labels = result.tracks[0].labels if result.tracks else LABELS
    return overlay.draw(_picture(picture), result, labels=labels)


def _picture(image: object) -> Image:
    """Return anything that `analyze_image` accepts as (H, W, 3) uint8 RGB."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        return decode_picture(bytes(image), "the picture in memory")
    if isinstance(image, (str, PathLike)):
        return read_picture(Path(image))
    return as_image(image)


def _opened(source: SourceLike) -> Source:
    """Open anything that `analyze` accepts."""
    if isinstance(source, (str, PathLike)) or (
        isinstance(source, int) and not isinstance(source, bool)
    ):
        spec = str(source) if isinstance(source, int) else fspath(source)
        named = isinstance(source, PathLike) and spec.isdecimal()  # a file called 7, not a camera
        return open_source(f"./{spec}" if named else spec)
    if isinstance(source, Iterable) and not isinstance(source, (bytes, bytearray)):
        return ArraysSource(source)
    raise SettingsError(
        f"{type(source).__name__} is not a source: give a path, an address, a camera's number, or "
        "an iterable of pictures; for one picture in memory there is analyze_image"
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
    """Yield only the results."""
    with closing(pairs):
        for _, result in pairs:
            yield result
