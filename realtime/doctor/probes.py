"""Loading and opening what fer-live uses, one thing a process.

`python -m fer_live.realtime.doctor.probes SUBJECT` prints what it finds as JSON on its last line.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from fer_live.realtime.doctor.findings import Finding, looked_at, to_json

GUESSED_CAMERAS: Final = 4
"""How many camera indices are tried where the system does not list its cameras."""


def opencv() -> Iterator[Finding]:
    """Load OpenCV and see whether it can show windows at all."""
    import cv2  # noqa: PLC0415 (the probe is to load it)

    found = re.search(r"^\s*GUI:\s*(\S+)", cv2.getBuildInformation(), re.MULTILINE)
    gui = found[1] if found else "NONE"
    if gui == "NONE":
        advice = "pip uninstall -y opencv-python-headless && pip install 'opencv-python<5'"
        yield Finding("OpenCV", "warning", f"{cv2.__version__} cannot show windows", advice)
    else:
        yield Finding("OpenCV", "good", f"{cv2.__version__} loads, windows by {gui}")


def video() -> Iterator[Finding]:
    """Load PyAV and see whether it can write the video that `annotate` and `--record` write."""
    import av  # noqa: PLC0415 (the probe is to load it)

    missing = {"h264", "aac"} - av.codecs_available
    if missing:
        found = f"{av.__version__} lacks {', '.join(sorted(missing))}"
        yield Finding("PyAV", "broken", found, "pip install --force-reinstall av")
    else:
        yield Finding("PyAV", "good", f"{av.__version__} loads, reads and writes H.264")


def faces() -> Iterator[Finding]:
    """Look for faces in a grey picture."""
    import numpy as np  # noqa: PLC0415 (as all that follows: only what is probed is loaded)

    from fer_live.realtime.faces import FaceSettings, open_finder  # noqa: PLC0415
    from fer_live.realtime.faces.settings import resolved  # noqa: PLC0415
    from fer_live.realtime.results import Frame  # noqa: PLC0415

    with open_finder(FaceSettings(), live=True) as finder:
        finder.find(Frame(0, 0.0, np.full((240, 320, 3), 128, np.uint8)))
    runner = {"mediapipe": "MediaPipe", "onnx": "ONNX Runtime"}[resolved("auto")]
    yield Finding("face finder", "good", f"{runner} loads and looks (on the CPU)")


def classifier() -> Iterator[Finding]:
    """Open a session on every shipped model and tell which provider it really got."""
    import numpy as np  # noqa: PLC0415

    from fer_live.bundle import model_names  # noqa: PLC0415
    from fer_live.realtime.inference.classifier import OnnxClassifier  # noqa: PLC0415
    from fer_live.realtime.inference.cuda import cuda_problem  # noqa: PLC0415

    names = model_names()
    if not names:
        yield Finding("classifier", "broken", "no model is shipped", "install fer-live again")
    for name in names:
        opened = OnnxClassifier(name)
        opened.classify(np.zeros((1, *opened.contract.input_shape), np.uint8))
        provider = opened.provider
        advice = None
        if provider == "CPUExecutionProvider" and cuda_problem() is None:
            advice = "there is an NVIDIA driver, but no CUDA or cuDNN: pip install 'fer-live[cuda]'"
        yield Finding(
            f"model {name}", "warning" if advice else "good", f"runs on {provider}", advice
        )


def window() -> Iterator[Finding]:
    """See whether a window could be shown here."""
    from fer_live.realtime.sinks import display_problem  # noqa: PLC0415

    problem = display_problem()
    if problem is None:
        yield Finding("window", "good", f"display {os.environ.get('DISPLAY', 'of the system')}")
    else:
        yield Finding("window", "warning", "none can be shown", problem)


def cameras() -> Iterator[Finding]:
    """Open every camera and take a picture with it."""
    places = _camera_places()
    opened = [finding for place in places for finding in _camera(place)]
    if opened:
        yield from opened
    else:
        advice = "plug a camera in, or give a file or a stream: fer-live --camera talk.mp4"
        yield Finding("cameras", "warning", "none was found", advice)


def _camera_places() -> list[str]:
    """Return what to open: the devices that Linux lists, or the first few indices elsewhere."""
    if sys.platform == "linux":
        from fer_live.realtime.sources import list_cameras  # noqa: PLC0415

        return [camera.place for camera in list_cameras()]
    return [str(index) for index in range(GUESSED_CAMERAS)]


def _camera(place: str) -> list[Finding]:
    """Take one picture with a camera."""
    from fer_live.errors import SourceError  # noqa: PLC0415
    from fer_live.realtime.sources import open_camera  # noqa: PLC0415

    try:
        with open_camera(place) as camera:
            height, width = next(iter(camera)).rgb.shape[:2]
    except SourceError as error:
        if place.isdecimal():  # a guess that is wrong is no news
            return []
        return [Finding(f"camera {place}", "warning", "gives no picture", str(error))]
    return [Finding(f"camera {place}", "good", f"gives pictures of {width} x {height}")]


PROBES: Final[Mapping[str, Callable[[], Iterable[Finding]]]] = {
    "OpenCV": opencv,
    "PyAV": video,
    "face finder": faces,
    "classifier": classifier,
    "window": window,
    "cameras": cameras,
}
"""What is loaded or opened, by subject, in the order in which it is looked at."""


def main(subject: str) -> None:
    """Run one probe and print its findings."""
    sys.stdout.write(f"\n{to_json(looked_at(subject, PROBES[subject]))}\n")


if __name__ == "__main__":
    main(sys.argv[1])
