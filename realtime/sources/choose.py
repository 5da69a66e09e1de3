"""Open the source that a user's argument names: camera, stream, video, picture or folder."""

from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.sources.cameras.camera import open_camera
from fer_live.realtime.sources.cameras.devices import camera_named
from fer_live.realtime.sources.cameras.opening import check_camera
from fer_live.realtime.sources.choices import Choices
from fer_live.realtime.sources.picture_files import is_picture
from fer_live.realtime.sources.pictures import open_pictures
from fer_live.realtime.sources.source import Source
from fer_live.realtime.sources.streams.addresses import is_address, public_name, typed
from fer_live.realtime.sources.streams.connection import Patience, Transport
from fer_live.realtime.sources.streams.stream import open_stream
from fer_live.realtime.sources.timing import Span
from fer_live.realtime.sources.videos.video import VideoSource

Kind: TypeAlias = Literal["camera", "stream", "file"]

_DEVICES = ("/dev/video", "/dev/v4l/")
_ADVICE = (
    "give a file or folder that exists, a camera's number such as 0, a device such as /dev/video0, "
    "a camera's name as `fer-live cameras` lists it, or an address such as rtsp://camera/stream"
)


def open_source(
    spec: str,
    *,
    size_wh: tuple[int, int] | None = None,
    fps: float | None = None,
    mjpg: bool = False,
    transport: Transport | None = None,
    patience: Patience | None = None,
) -> Source:
    """Open the source that `spec` names.

    | `spec`                                    | opens                |
    |-------------------------------------------|----------------------|
    | a number, `/dev/video2`, `/dev/v4l/...`   | `open_camera`        |
    | a camera's name, or a part of it          | `open_camera`        |
    | `rtsp://`, `http://` and other addresses  | `open_stream`        |
    | a folder, or a picture                    | `open_pictures`      |
    | any other file                            | `open_video`         |

    A file whose name is a number is opened as `./7`.

    Args:
        spec: What the user typed.
        size_wh: Requested from a camera, see `open_camera`.
        fps: Requested from a camera.
        mjpg: Requested from a camera.
        transport: How an RTSP stream sends its pictures; None leaves it open.
        patience: How long to wait for a camera or a stream.

    Raises:
        SourceError: It does not name a source, or the source cannot be opened.
        SettingsError: A camera does not support the request, or the source is not a camera.
    """
    kind, place = check_source(spec)
    if kind == "camera":
        return open_camera(place, size_wh=size_wh, fps=fps, mjpg=mjpg, patience=patience)
    if size_wh is not None or fps is not None or mjpg:
        raise SettingsError(
            f"{public_name(place)} is not a camera of this machine: only such a camera can be "
            "asked for a size, a rate or compressed pictures"
        )
    if kind == "stream":
        return open_stream(place, patience=patience, transport=transport or "auto")
    return open_file(Path(place))


def check_source(spec: str) -> tuple[Kind, str]:
    """Return the kind of source that `spec` names and its place, without opening it.

    Raises:
        SourceError: It does not name a source, or a camera is missing or not permitted.
    """
    spec = spec if spec.strip() and _exists(spec) else typed(spec)
    if not spec:
        raise SourceError(f"nothing was named: {_ADVICE}")
    if spec.isdecimal() or spec.startswith(_DEVICES):
        check_camera(spec)
        return "camera", spec
    if spec.lower().startswith("file://"):
        spec = unquote(urlsplit(spec).path)
    elif is_address(spec):
        return "stream", spec
    if not _exists(spec):
        if (camera := camera_named(spec)) is not None:
            check_camera(camera.place)
            return "camera", camera.place
        raise SourceError(f"{public_name(spec)} is not there: {_ADVICE}")
    return "file", spec


def open_file(path: Path, span: Span | None = None, choices: Choices | None = None) -> Source:
    """Open a file or folder of this machine, by its content and not by its name.

    Args:
        path: A video, a picture, or a folder of pictures.
        span: Which of its frames are wanted; None for all.
        choices: How it is read; None for the file's own settings.

    Raises:
        SourceError: It does not exist, cannot be read, or exceeds a limit.
    """
    span = span or Span()
    if path.is_dir() or (path.exists() and is_picture(path)):
        return open_pictures(path, span=span, choices=choices)
    return VideoSource(path, span, choices=choices or Choices())


def _exists(spec: str) -> bool:
    """Whether a string is the path of an existing file; False if it cannot be a path."""
    try:
        return Path(spec).exists()
    except (OSError, ValueError):
        return False
