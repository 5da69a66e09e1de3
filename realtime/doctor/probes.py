"""Probes that each exercise one dependency, in a separate process.

`python -m fer_live.realtime.doctor.probes SUBJECT` prints its findings as JSON on the last line.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from fer_live.realtime.doctor.advice import (
    extra,
    installed,
    needed,
    reinstall,
    reinstall_fer_live,
    replace_packages,
)
from fer_live.realtime.doctor.findings import Finding, run_check, to_json

PROBE_FPS: Final = 25
GUESSED_CAMERAS: Final = 4
"""Number of camera indices to try on systems that cannot list their cameras."""


def opencv() -> Iterator[Finding]:
    """Load OpenCV and check whether it was built with a window toolkit."""
    import cv2  # noqa: PLC0415 (the probe is to load it)

    found = re.search(r"^\s*GUI:\s*(\S+)", cv2.getBuildInformation(), re.MULTILINE)
    gui = found[1] if found else "NONE"
    if gui == "NONE":
        kinds = ["opencv-python-headless", "opencv-contrib-python-headless"]
        unwanted = [kind for kind in kinds if installed(kind)] or kinds[:1]
        advice = replace_packages(unwanted, "opencv-python")
        yield Finding("OpenCV", "warning", f"{cv2.__version__} cannot show windows", advice)
    else:
        yield Finding("OpenCV", "good", f"{cv2.__version__} loads, windows by {gui}")


def decoder() -> Iterator[Finding]:
    """Encode a video with PyAV and decode it the way files and streams are decoded."""
    import av  # noqa: PLC0415 (the probe is to load it)
    import numpy as np  # noqa: PLC0415

    from fer_live.realtime.ffmpeg import exact, open_input  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        path = f"file:{Path(folder) / 'probe.mp4'}"
        with av.open(path, "w") as written:
            stream = written.add_stream("libx264", rate=Fraction(PROBE_FPS))
            stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
            grey = np.full((64, 64, 3), 128, np.uint8)
            written.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
            written.mux(stream.encode(None))
        with open_input(path, options={}) as read:
            rate = exact(read.streams.video[0].average_rate)
            pictures = len(list(read.decode(video=0)))
    missing = {"aac"} - av.codecs_available
    if missing or pictures != 1 or rate != PROBE_FPS:
        found = f"{av.__version__} does not read what it writes, or lacks AAC"
        yield Finding("PyAV", "broken", found, reinstall("av"))
    else:
        yield Finding("PyAV", "good", f"{av.__version__} loads, reads and writes H.264")


def files() -> Iterator[Finding]:
    """Write a video the way `annotate` and `--record` do, and read it back."""
    import numpy as np  # noqa: PLC0415

    from fer_live.realtime.results import (  # noqa: PLC0415
        Frame,
        FrameResult,
        SourceInfo,
        StageTimes,
    )
    from fer_live.realtime.sinks.video import VideoWriter  # noqa: PLC0415
    from fer_live.realtime.sources.videos.video import open_video  # noqa: PLC0415

    grey = np.full((64, 64, 3), 128, np.uint8)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "probe.mp4"
        with VideoWriter(path, SourceInfo("probe", (64, 64), Fraction(PROBE_FPS))) as writer:
            for index in range(3):
                seen = FrameResult(index, index / PROBE_FPS, (), StageTimes(0, 0, 0, 0, 0))
                writer.write(Frame(index, index / PROBE_FPS, grey), seen)
        with open_video(path) as read:
            times_s = [frame.time_s for frame in read]
    if len(times_s) != 3:  # noqa: PLR2004 (as many as were written)
        found = f"{len(times_s)} of 3 frames that were written are read"
        yield Finding("video files", "broken", found, reinstall("av"))
    else:
        yield Finding("video files", "good", "are written and read")


def faces() -> Iterator[Finding]:
    """Run the face finder on a grey picture."""
    import numpy as np  # noqa: PLC0415 (like the rest: each probe imports only what it tests)

    from fer_live.realtime.faces import FaceSettings, open_finder  # noqa: PLC0415
    from fer_live.realtime.faces.settings import resolved  # noqa: PLC0415
    from fer_live.realtime.results import Frame  # noqa: PLC0415

    with open_finder(FaceSettings(), live=True) as finder:
        finder.find(Frame(0, 0.0, np.full((240, 320, 3), 128, np.uint8)))
    runner = {"mediapipe": "MediaPipe", "onnx": "ONNX Runtime"}[resolved("auto")]
    yield Finding("face finder", "good", f"{runner} loads and looks (on the CPU)")


def classifier() -> Iterator[Finding]:
    """Open a session on every shipped model and report the provider that it actually uses."""
    import numpy as np  # noqa: PLC0415

    from fer_live.bundle import model_names  # noqa: PLC0415
    from fer_live.realtime.inference.classifier import OnnxClassifier  # noqa: PLC0415
    from fer_live.realtime.inference.cuda import cuda_problem  # noqa: PLC0415

    names = model_names()
    if not names:
        yield Finding("classifier", "broken", "no model is shipped", reinstall_fer_live())
    for name in names:
        opened = OnnxClassifier(name)
        opened.classify(np.zeros((1, *opened.contract.input_shape), np.uint8))
        provider = opened.provider
        advice = None
        if provider == "CPUExecutionProvider" and cuda_problem() is None:
            advice = f"there is an NVIDIA driver, but no CUDA or cuDNN: {extra('cuda')}"
        yield Finding(
            f"model {name}", "warning" if advice else "good", f"runs on {provider}", advice
        )


def window() -> Iterator[Finding]:
    """Show a window for a moment, if there is a display."""
    import numpy as np  # noqa: PLC0415

    from fer_live.realtime.sinks import display_problem  # noqa: PLC0415
    from fer_live.realtime.sinks.desktop.window import Window  # noqa: PLC0415

    problem = display_problem()
    if problem is not None:
        yield Finding("window", "warning", "none can be shown", problem)
        return
    with Window("fer-live doctor") as shown:
        shown.show(np.full((64, 64, 3), 128, np.uint8))
    yield Finding("window", "good", f"shown on {os.environ.get('DISPLAY', 'the desktop')}")


def cameras() -> Iterator[Finding]:
    """Open every camera and grab one frame."""
    places = _camera_places()
    opened = [finding for place in places for finding in _camera(place)]
    if opened:
        yield from opened
    else:
        advice = "plug a camera in, or give a file or a stream: fer-live --camera talk.mp4"
        yield Finding("cameras", "warning", "none was found", advice)


def _camera_places() -> list[str]:
    """Return the cameras to open: the devices that Linux lists, elsewhere the first indices."""
    if sys.platform == "linux":
        from fer_live.realtime.sources import list_cameras  # noqa: PLC0415

        return [camera.place for camera in list_cameras()]
    return [str(index) for index in range(GUESSED_CAMERAS)]


def _camera(place: str) -> list[Finding]:
    """Grab one frame from a camera; no finding if an index was guessed and does not exist."""
    from fer_live.errors import SourceError  # noqa: PLC0415
    from fer_live.realtime.sources import open_camera  # noqa: PLC0415

    try:
        with open_camera(place) as camera:
            height, width = next(iter(camera)).rgb.shape[:2]
    except SourceError as error:
        if place.isdecimal():  # a guessed index without a camera
            return []
        return [Finding(f"camera {place}", "warning", "gives no picture", str(error))]
    return [Finding(f"camera {place}", "good", f"gives pictures of {width} x {height}")]


PROBES: Final[Mapping[str, Callable[[], Iterable[Finding]]]] = {
    "OpenCV": opencv,
    "PyAV": decoder,
    "video files": files,
    "face finder": faces,
    "classifier": classifier,
    "window": window,
    "cameras": cameras,
}
"""Probes by subject, in the order in which they run."""


PACKAGES: Final[Mapping[str, str]] = {
    "OpenCV": "opencv-python",
    "PyAV": "av",
    "video files": "av",
}
"""The package to reinstall if a probe fails, by subject."""


def main(subject: str) -> None:
    """Run one probe and print its findings as JSON."""
    sys.stdout.write(f"\n{to_json(run_check(subject, PROBES[subject], _package(subject)))}\n")


def _package(subject: str) -> str | None:
    """Return the package to reinstall if a probe fails; None for fer-live itself."""
    if subject == "face finder":
        return "mediapipe" if installed("mediapipe") else _runtime()
    return _runtime() if subject == "classifier" else PACKAGES.get(subject)


def _runtime() -> str:
    """Return the installed ONNX Runtime package, or else the required one."""
    kinds = [each.name for each in needed() if each.name.startswith("onnxruntime")]
    return next((kind for kind in ("onnxruntime", *kinds) if installed(kind)), kinds[0])


if __name__ == "__main__":
    main(sys.argv[1])
