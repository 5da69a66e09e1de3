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
"""Where Linux keeps one folder for every video device."""
PROCESSES: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that the system knows of; whether it can be opened is another question.

    Attributes:
        place: What `open_camera` takes: "/dev/video0".
        name: What its maker calls it.
    """

    place: str
    name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a camera from others when it comes back, perhaps under another number.

    Attributes:
        name: What its maker calls it.
        port: Where it is plugged in, as Linux names it; "" where that is unknown.
    """

    name: str
    port: str


def identity_of(device: Path) -> Identity | None:
    """Return what a device is known by; None where the system does not say."""
    folder = SYSTEM_CLASS / device.resolve().name
    name = _line(folder / "name")
    return Identity(name, str((folder / "device").resolve())) if name else None


def where_is(identity: Identity | None, device: Path) -> Path | None:
    """Return where a camera is now that was unplugged; None while it is away.

    Its own device if it is there again, else another one of the same name, that at the same port
    first. Without an identity, its own device.
    """
    found = [DEVICES / Path(camera.place).name for camera in list_cameras(SYSTEM_CLASS)]
    known = [(one, identity_of(one)) for one in [device, *found] if one.exists()]
    if identity is None:
        return device if device.exists() else None
    same = [one for one, who in known if who is None or who.name == identity.name]
    at_port = [one for one, who in known if who == identity]
    return next(iter([*at_port, *same]), None)


def list_cameras(system_class: Path = SYSTEM_CLASS) -> tuple[CameraInfo, ...]:
    """Return the cameras that Linux lists, in order of their numbers; elsewhere none are listed.

    One camera often has several devices, of which only the first gives pictures: the others are
    left out. Nothing is opened.
    """
    if not system_class.is_dir():
        return ()
    folders = sorted(system_class.iterdir(), key=lambda folder: natural_key(folder.name))
    return tuple(
        CameraInfo(str(DEVICES / folder.name), _line(folder / "name") or folder.name)
        for folder in folders
        if _line(folder / "index") in {"", "0"}
    )


def camera_named(words: str, cameras: Sequence[CameraInfo] | None = None) -> CameraInfo | None:
    """Return the camera that a person calls so; None where no name has these words in it.

    Args:
        words: A camera's name or a part of it; capitals do not count.
        cameras: Among which; None for those that the system lists.

    Raises:
        SourceError: Several are called so, and none exactly.
    """
    cameras = list_cameras() if cameras is None else cameras
    wanted = words.strip().casefold()
    found = [camera for camera in cameras if wanted and wanted in camera.name.casefold()]
    exact = [camera for camera in found if camera.name.casefold() == wanted]
    if len(exact or found) > 1:
        names = ", ".join(f"{camera.place} ({camera.name})" for camera in exact or found)
        raise SourceError(f"several cameras are called {words}: {names}; give one's device")
    return next(iter(exact or found), None)


def device_of(place: int | str) -> Path | None:
    """Return the device file of a camera's number or name; None where cameras have no files."""
    if isinstance(place, str) and not place.isdecimal():
        return Path(place)
    return DEVICES / f"video{int(place)}" if sys.platform == "linux" else None


def why_not(name: str, device: Path | None) -> str:
    """Return the sentence on why a camera that did not open cannot be used.

    Args:
        name: What the camera is called in the sentence.
        device: Its file, where it has one.
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
    """Return why a device that is there and allowed gives no pictures."""
    number = refusal(device)
    if number == errno.ENOSPC:
        return (
            f"{name} gives no pictures: the USB bus has no room left for them; plug it in "
            "elsewhere, ask for a smaller --size or for --mjpg, or stop another camera"
        )
    if number == errno.ENODEV:
        return f"{name} was unplugged"
    # Sound and screen servers keep cameras open without using them: the kernel's word goes first.
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
    """Return which other process has a file open, as far as we may know; None for nobody."""
    wanted = str(device.resolve())
    for process in processes.glob("[0-9]*"):
        if process.name != str(os.getpid()) and wanted in _open_files(process):
            return f"{_line(process / 'comm') or 'a program'} (process {process.name})"
    return None


def _open_files(process: Path) -> set[str]:
    """Return what a process has open; nothing when it is not ours to see, or gone."""
    found = set()
    try:
        for link in (process / "fd").iterdir():
            found.add(str(link.readlink()))
    except OSError:
        pass
    return found


def _line(path: Path) -> str:
    """Return the text of a small system file, "" when there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
