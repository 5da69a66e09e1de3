"""A clip made from a public-domain portrait, so that the demo and the tests need no download.

The portrait is scikit-image's `astronaut` (NASA, public domain; extra `demo`). The scenes imitate
what a camera sees: a calm face, a turning one, changing light, two faces, a small one, and none.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from fer_live.arrays import Affine, Image
from fer_live.errors import SourceError

FACE_CENTRE_PX: Final = (225.0, 124.1)
"""Centre of the face in the 512 x 512 pixels of the portrait, found by MediaPipe's landmarker."""
FACE_WIDTH_PX: Final = 89.5
"""Width of the hull of the face's landmarks in the portrait."""
FPS: Final = 25


@dataclass(frozen=True, slots=True)
class Placed:
    """One copy of the portrait's face in a picture.

    Attributes:
        centre: (x, y) of the face, as fractions of the picture's size.
        width: Of the face, as a fraction of the picture's width.
        turn_deg: Clockwise rotation in degrees.
        mirrored: Whether left and right are swapped.
    """

    centre: tuple[float, float]
    width: float
    turn_deg: float = 0.0
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene of the clip.

    Attributes:
        name: What it shows.
        duration_s: How long it lasts.
        faces: Maps the scene's progress in [0, 1] to the faces in the picture.
        light: Maps the progress to the factor by which all pixels are multiplied.
    """

    name: str
    duration_s: float
    faces: Callable[[float], tuple[Placed, ...]]
    light: Callable[[float], float] = lambda progress: 1.0


def _swing(progress: float) -> float:
    """Return a smooth wave from 0 to 1 to -1 and back to 0."""
    return math.sin(2 * math.pi * progress)


SCENES: Final = (
    Scene("one face, coming nearer", 2, lambda p: (Placed((0.5, 0.45), 0.16 + 0.08 * p),)),
    Scene("turning", 2, lambda p: (Placed((0.5, 0.45), 0.2, turn_deg=25 * _swing(p)),)),
    Scene(
        "changing light",
        2,
        lambda p: (Placed((0.45 + 0.05 * _swing(p), 0.45), 0.2),),
        lambda p: 1 - 0.6 * math.sin(math.pi * p),
    ),
    Scene(
        "two faces",
        2,
        lambda p: (
            Placed((0.27 + 0.02 * _swing(p), 0.45), 0.17),
            Placed((0.74, 0.48 + 0.02 * _swing(p)), 0.15, mirrored=True),
        ),
    ),
    Scene("a small face", 2, lambda p: (Placed((0.4 + 0.2 * p, 0.4), 0.06),)),
    Scene("nobody", 1, lambda p: ()),
)


@cache
def portrait() -> Image:
    """Return the portrait, (512, 512, 3) uint8 RGB, read-only.

    Raises:
        SourceError: scikit-image is not installed.
    """
    try:
        from skimage.data import astronaut  # noqa: PLC0415 (extra `demo`)
    except ImportError as error:
        raise SourceError(
            "the demo's portrait comes with scikit-image: pip install 'fer-live[demo]', "
            "or give a clip of your own"
        ) from error
    picture: Image = astronaut()  # type: ignore[no-untyped-call]  # scikit-image has no types
    picture.setflags(write=False)
    return picture


def draw_scene(scene: Scene, progress: float, size_wh: tuple[int, int]) -> Image:
    """Return the picture of a scene at `progress` in [0, 1]: (H, W, 3) uint8 RGB."""
    width, height = size_wh
    ramp = np.linspace(95, 150, height)[:, None, None] * np.array([0.9, 0.95, 1.0])
    picture = np.repeat(ramp.astype(np.uint8), width, axis=1)
    for face in scene.faces(progress):
        picture = _pasted(picture, face)
    return cv2.convertScaleAbs(picture, alpha=scene.light(progress)).astype(np.uint8, copy=False)


def _pasted(picture: Image, face: Placed) -> Image:
    """Return `picture` with the portrait blended into it, its edge faded out."""
    source = portrait()
    height, width = picture.shape[:2]
    fade = np.zeros(source.shape[:2], np.float32)
    fade[12:330, 110:340] = 1.0  # head and shoulders, so that a second face has room beside it
    transform = _placement(face, (width, height))
    scale = math.hypot(transform[0, 0], transform[1, 0])
    if scale < 0.5:  # noqa: PLR2004 (bilinear sampling aliases from here on)
        source = cv2.GaussianBlur(source, (0, 0), 0.4 / scale).astype(np.uint8, copy=False)
    cover = cv2.warpAffine(cv2.GaussianBlur(fade, (0, 0), 6), transform, (width, height))
    layer = cv2.warpAffine(source, transform, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return cv2.blendLinear(layer, picture, cover, 1 - cover).astype(np.uint8, copy=False)


def _placement(face: Placed, size_wh: tuple[int, int]) -> Affine:
    """Return the affine map from portrait pixels to picture pixels."""
    scale = face.width * size_wh[0] / FACE_WIDTH_PX
    turn = math.radians(face.turn_deg)
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    if face.mirrored:
        linear[:, 0] *= -1
    centre = np.array(face.centre) * size_wh
    return np.column_stack((linear, centre - linear @ FACE_CENTRE_PX))


def portrait_frames(size_wh: tuple[int, int] = (640, 360)) -> Iterator[Image]:
    """Yield the pictures of all scenes at 25 a second, (H, W, 3) uint8 RGB."""
    for scene in SCENES:
        count = round(scene.duration_s * FPS)
        for index in range(count):
            yield draw_scene(scene, index / count, size_wh)


def write_portrait_clip(
    path: Path, size_wh: tuple[int, int] = (640, 360), *, times: int = 1
) -> None:
    """Write the clip as an H.264 MP4 of 11 s.

    Args:
        path: The file to write.
        size_wh: (width, height) in pixels; both must be even.
        times: How often the clip repeats; it is encoded once.

    Raises:
        SourceError: The portrait is missing.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height = size_wh
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "18", "preset": "veryfast"}
        packets = []
        for picture in portrait_frames(size_wh):
            packets += stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24"))
        packets += stream.encode()
        lasts = max(packet.pts or 0 for packet in packets) + 1
        for turn in range(times):
            for packet in packets:
                again = av.Packet(bytes(packet))
                again.stream, again.time_base = stream, stream.codec_context.time_base
                again.pts = (packet.pts or 0) + turn * lasts
                again.dts = (packet.dts or 0) + turn * lasts
                again.is_keyframe = packet.is_keyframe
                container.mux(again)
