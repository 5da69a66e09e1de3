"""Video4Linux: a camera's modes, and why it refuses to stream, without OpenCV.

Request codes and structures are those of <linux/videodev2.h>, the same on 32-bit and 64-bit Linux.
"""

import errno
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeAlias

Ioctl: TypeAlias = Callable[[int, int, bytearray], object]
"""`fcntl.ioctl`: file descriptor, request, structure that the kernel fills in."""

CAPTURE: Final = 1
MEMORY_MAPPED: Final = 1
IS_CAMERA: Final = 0x00000001
HAS_DEVICE_CAPS: Final = 0x80000000
DISCRETE: Final = 1
QUERYCAP: Final = 0x80685600
ENUM_FMT: Final = 0xC0405602
ENUM_FRAMESIZES: Final = 0xC02C564A
ENUM_FRAMEINTERVALS: Final = 0xC034564B
REQBUFS: Final = 0xC0145608
STREAMON: Final = 0x40045612
STREAMOFF: Final = 0x40045613
MOST_ENTRIES: Final = 256
"""Limit for drivers that never end their lists."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A combination of pixel format and frame size that a camera supports.

    Attributes:
        coding: FourCC of the pixel format, such as "MJPG" or "YUYV".
        size_wh: (width, height) in pixels; the largest if the driver reports a range.
        fps: Highest frame rate; None if the driver does not report it.
    """

    coding: str
    size_wh: tuple[int, int]
    fps: float | None


def modes(device: Path, ioctl: Ioctl | None = None) -> tuple[Mode, ...]:
    """Return the modes of a camera in the driver's order, without starting to stream.

    Empty if the driver does not list them or the device may not be accessed.
    """
    try:
        with _opened(device) as file:
            return tuple(_modes(file, ioctl or _ioctl))
    except OSError:
        return ()


def refusal(device: Path, ioctl: Ioctl | None = None) -> int:
    """Start and stop streaming; return the errno with which the camera refuses, or 0.

    EBUSY: another program streams from it. ENOSPC: not enough bandwidth is left on the USB bus.
    ENOTTY: not a video device. EINVAL: a video device that cannot capture.
    """
    call = ioctl or _ioctl
    try:
        with _opened(device) as file:
            answer = bytearray(104)
            call(file, QUERYCAP, answer)
            everything, own = struct.unpack_from("<II", answer, 84)
            if not (own if everything & HAS_DEVICE_CAPS else everything) & IS_CAMERA:
                return errno.EINVAL
            call(file, REQBUFS, bytearray(struct.pack("<IIIII", 2, CAPTURE, MEMORY_MAPPED, 0, 0)))
            call(file, STREAMON, bytearray(struct.pack("<i", CAPTURE)))
            call(file, STREAMOFF, bytearray(struct.pack("<i", CAPTURE)))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


@contextmanager
def _opened(device: Path) -> Iterator[int]:
    """Open a device temporarily; yields its file descriptor."""
    descriptor = os.open(device, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _ioctl(fd: int, request: int, answer: bytearray) -> object:
    if sys.platform == "win32":
        raise OSError(errno.ENOTTY, "Windows has no video devices")
    import fcntl  # noqa: PLC0415 (Windows has none)

    return fcntl.ioctl(fd, request, answer)


def _modes(fd: int, ioctl: Ioctl) -> Iterator[Mode]:
    """Yield every pixel format and frame size with its highest rate."""
    for number in range(MOST_ENTRIES):
        coding = bytearray(struct.pack("<II56x", number, CAPTURE))
        if not _asked(fd, ENUM_FMT, coding, ioctl):
            return
        (pixels,) = struct.unpack_from("<4s", coding, 44)
        for size_wh in _sizes(fd, pixels, ioctl):
            fps = max(_rates(fd, pixels, size_wh, ioctl), default=None)
            yield Mode(pixels.decode("ascii", "replace").strip(), size_wh, fps)


def _sizes(fd: int, pixels: bytes, ioctl: Ioctl) -> Iterator[tuple[int, int]]:
    for number in range(MOST_ENTRIES):
        size = bytearray(struct.pack("<I4s36x", number, pixels))
        if not _asked(fd, ENUM_FRAMESIZES, size, ioctl):
            return
        (kind,) = struct.unpack_from("<I", size, 8)
        if kind != DISCRETE:  # from, to and step: one entry says it all
            _, width, _, _, height, _ = struct.unpack_from("<6I", size, 12)
            yield width, height
            return
        yield struct.unpack_from("<2I", size, 12)


def _rates(fd: int, pixels: bytes, size_wh: tuple[int, int], ioctl: Ioctl) -> Iterator[float]:
    for number in range(MOST_ENTRIES):
        interval = bytearray(struct.pack("<I4sII36x", number, pixels, *size_wh))
        if not _asked(fd, ENUM_FRAMEINTERVALS, interval, ioctl):
            return
        kind, seconds, parts = struct.unpack_from("<3I", interval, 16)
        if seconds and parts:
            yield float(Fraction(parts, seconds))
        if kind != DISCRETE:
            return


def _asked(fd: int, request: int, answer: bytearray, ioctl: Ioctl) -> bool:
    """Query one entry of a list; return False if there is no such entry or no such list."""
    try:
        ioctl(fd, request, answer)
    except OSError:
        return False
    return True
