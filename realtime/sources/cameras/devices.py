"""List cameras and explain why one cannot be used, without OpenCV."""

import errno
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.errors import SourceError
from fer_live.realtime.sources.cameras.v4l2 import refusal
from fer_live.realtime.sources.pictures import natural_key

DEVICES: Final = Path("/dev")
SYSTEM_CLASS: Final = Path("/sys/class/video4linux")
"""Linux has one folder here for every video device."""
PROCESSES: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that the system lists; it need not be possible to open it.

    Attributes:
        place: Device, as accepted by `open_camera`: "/dev/video0".
        name: Product name.
    """

    place: str
    name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Identifies a camera that is plugged in again, perhaps under another index.

    Attributes:
        name: Product name.
        port: Path of the port that it is plugged into, as Linux names it.
    """

    name: str
    port: str


def identity_of(device: Path) -> Identity | None:
    """Return the identity of a device; None if the system does not know it."""
    folder = SYSTEM_CLASS / device.resolve().name
    name = _line(folder / "name")
    return Identity(name, str((folder / "device").resolve())) if name else None


def find_again(identity: Identity | None, device: Path) -> Path | None:
    """Return the present device of a camera that was unplugged; None while it is away.

    Args:
        identity: Identity of the camera before the loss. A device at the same port is preferred,
            then the old device, then any other device of the same name. None: only the old device.
        device: The device before the loss.
    """
    found = [DEVICES / Path(camera.place).name for camera in list_cameras(SYSTEM_CLASS)]
    known = [(one, identity_of(one)) for one in [device, *found] if one.exists()]
    if identity is None:
        return device if device.exists() else None
    same = [one for one, who in known if who is None or who.name == identity.name]
    at_port = [one for one, who in known if who == identity]
    return next(iter([*at_port, *same]), None)


def list_cameras(system_class: Path = SYSTEM_CLASS) -> tuple[CameraInfo, ...]:
    """Return the cameras that Linux lists, by index; empty on other systems. Opens nothing.

    A camera often has several devices, of which only the first delivers video; the others are
    left out.
    """
    if not system_class.is_dir():
        return ()
    folders = sorted(system_class.iterdir(), key=lambda folder: natural_key(folder.name))
    return tuple(
        CameraInfo(str(DEVICES / folder.name), _line(folder / "name") or folder.name)
        for folder in folders
        if _line(folder / "index") in {"", "0"}
    )


def camera_named(text: str, cameras: Sequence[CameraInfo] | None = None) -> CameraInfo | None:
    """Return the camera whose name contains a text; None if there is none.

    Args:
        text: A camera's name or a part of it; case is ignored. A full match is preferred.
        cameras: The cameras to search; None for those that the system lists.

    Raises:
        SourceError: The text matches several cameras.
    """
    cameras = list_cameras() if cameras is None else cameras
    wanted = text.strip().casefold()
    found = [camera for camera in cameras if wanted and wanted in camera.name.casefold()]
    exact = [camera for camera in found if camera.name.casefold() == wanted]
    if len(exact or found) > 1:
        names = ", ".join(f"{camera.place} ({camera.name})" for camera in exact or found)
        raise SourceError(f"several cameras are called {text}: {names}; give one's device")
    return next(iter(exact or found), None)


def device_of(place: int | str) -> Path | None:
    """Return the device file of a camera; None on systems where cameras have none."""
    if isinstance(place, str) and not place.isdecimal():
        return Path(place)
    return DEVICES / f"video{int(place)}" if sys.platform == "linux" else None


def why_not(name: str, device: Path | None) -> str:
    """Return a sentence that explains why a camera cannot be used, and what to do.

    Args:
        name: Name of the camera in the sentence.
        device: Its device file, if it has one.
    """
    if device is None:
        return (
            f"{name} does not open: it is not there, another program uses it, or this program may "
            "not use cameras (see the privacy settings of the system)"
        )
    if not device.exists():
        others = ", ".join(camera.place for camera in list_cameras() if Path(camera.place).exists())
        advice = f"there are {others}" if others else "no camera is connected"
        return f"{name} is not there: {advice}"
    if not os.access(device, os.R_OK | os.W_OK):
        return (
            f"{name} may not be used by you: no permission to read and write {device}; join the "
            "group that owns it (sudo usermod -aG video $USER) and log in again"
        )
    return _why_useless(name, device)


def _why_useless(name: str, device: Path) -> str:
    """Explain why a device that exists and may be accessed delivers no frames."""
    number = refusal(device)
    if number == errno.ENOSPC:
        return (
            f"{name} gives no pictures: the USB bus has no room left for them; plug it in "
            "elsewhere, ask for a smaller --size or for --mjpg, or stop another camera"
        )
    if number == errno.ENODEV:
        return f"{name} was unplugged"
    # Media servers keep cameras open without streaming, so what the kernel reports comes first.
    user = user_of(device) if number in {errno.EBUSY, errno.ENOTTY} else None
    if user is not None or number == errno.EBUSY:
        return f"{name} is busy: {user or 'another program'} uses it; close that first"
    if not stat.S_ISCHR(device.stat().st_mode):
        return f"{name} is a file or folder, not a camera"
    return (
        f"{name} gives no pictures: {device} may not be a camera, or only its control device; "
        "`fer-live cameras` lists what is there"
    )


def user_of(device: Path, processes: Path = PROCESSES) -> str | None:
    """Name another process that has a device open; None if none is visible to this user."""
    wanted = str(device.resolve())
    for process in processes.glob("[0-9]*"):
        if process.name != str(os.getpid()) and wanted in _open_files(process):
            return f"{_line(process / 'comm') or 'a program'} (process {process.name})"
    return None


def _open_files(process: Path) -> set[str]:
    """Return the files that a process has open; empty if it may not be inspected or has ended."""
    found = set()
    try:
        for link in (process / "fd").iterdir():
            found.add(str(link.readlink()))
    except OSError:
        pass
    return found


def _line(path: Path) -> str:
    """Return the stripped text of a small system file; "" if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
