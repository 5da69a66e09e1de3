"""Emotions from a file, a camera or a stream, as a loop in Python.

    from fer_live.realtime import analyze

    for result in analyze("talk.mp4"):
        for track in result.tracks:
            print(result.time_s, track.track_id, track.label, track.confidence)

Whoever needs the pictures as well puts the same parts together: `open_source`, `open_finder`,
`OnnxClassifier` and `Pipeline`, as `_results` does below.
"""

import logging
from collections.abc import Generator, Iterable
from pathlib import Path

from fer_live.bundle import DEFAULT_MODEL
from fer_live.contract import Prior
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import Device, OnnxClassifier
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sources import LatestFrame, Source, open_source

_log = logging.getLogger(__name__)


def analyze(
    source: str | Path | int,
    *,
    model: str = DEFAULT_MODEL,
    device: Device = "auto",
    prior: Prior = "balanced",
    faces: FaceSettings | None = None,
) -> Generator[FrameResult]:
    """Yield what is seen in each frame, faces or none.

    A file, a picture or a folder of pictures gives every frame. A camera or a stream gives its
    newest frame each time and drops those that came meanwhile. Labels are steadied as they are
    live, without a look ahead; `fer_live.realtime.annotate` looks ahead. Nothing is opened before
    the first result is asked for; everything is closed when the loop ends, by an exception or
    `close()` too.

    Args:
        source: A file or folder, the URL of a stream, or a camera's index or device.
        model: Name of a shipped model, or the path of an .onnx file.
        device: "auto" takes CUDA where a session really gets it, "cuda" insists.
        prior: "balanced" takes labels as if all were equally frequent, "natural" as frequent as
            in training.
        faces: How faces are found, such as `FaceSettings(max_faces=2, blendshapes=True)`.

    Raises:
        SourceError: The source cannot be opened or read, or is gone.
        ModelError: The model is missing, damaged or foreign.
        DeviceError: The device cannot be had.
    """
    faces = faces or FaceSettings()
    with (
        open_source(str(source)) as opened,
        open_finder(faces, live=opened.info.live) as finder,
    ):
        classifier = OnnxClassifier(model, device=device)
        pipeline = Pipeline(finder, classifier, PipelineSettings(prior=prior))
        yield from _results(opened, pipeline)
        if opened.fault is not None:
            _log.warning("%s", opened.fault)


def _results(source: Source, pipeline: Pipeline) -> Generator[FrameResult]:
    """Yield the result of every frame of a file, of the newest frames of anything live."""
    if source.info.live:
        with LatestFrame(source) as frames:
            yield from _processed(frames, pipeline)
    else:
        yield from _processed(source, pipeline)


def _processed(frames: Iterable[Frame], pipeline: Pipeline) -> Generator[FrameResult]:
    """Yield the result of each of `frames`."""
    for frame in frames:
        yield pipeline.process(frame)
