"""Draw a result on a copy of its picture."""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.overlay.faces import draw_faces
from fer_live.realtime.overlay.readout import Readout, draw_readout, readout_place
from fer_live.realtime.results import Box, FrameResult, Track


def draw(
    rgb: Image,
    result: FrameResult,
    *,
    labels: Sequence[str],
    readout: Readout | None = None,
    mirror: bool = False,
) -> Image:
    """Return a new picture with a box and a label on every face.

    Args:
        rgb: (H, W, 3) uint8. Not written to.
        result: What was seen in it.
        labels: What component k of the probabilities means.
        readout: Status of the run to show; None for none.
        mirror: Mirror the picture (never the text).
    """
    picture, tracks = shown(rgb, result.tracks, size_wh=None, mirror=mirror)
    draw_on(picture, tracks, labels, readout)
    return picture


def shown(
    rgb: Image, tracks: Sequence[Track], *, size_wh: tuple[int, int] | None, mirror: bool
) -> tuple[Image, Sequence[Track]]:
    """Return a new picture of another size, perhaps mirrored, and the faces in its pixels.

    Scaled before anything is drawn, so that text is as sharp as the screen and the cost depends on
    the size of the window, not of the picture.

    Args:
        rgb: (H, W, 3) uint8. Not written to.
        tracks: Faces in pixels of `rgb`.
        size_wh: The picture is scaled to fit into this size; None keeps its own.
        mirror: Swap left and right.

    Returns:
        The picture, and the tracks with their boxes (nothing else of a face) in its pixels.
    """
    height, width = rgb.shape[:2]
    scale = 1.0 if size_wh is None else min(size_wh[0] / width, size_wh[1] / height)
    wanted_wh = max(1, round(width * scale)), max(1, round(height * scale))
    picture = rgb
    if wanted_wh != (width, height):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = cv2.resize(rgb, wanted_wh, interpolation=how).astype(np.uint8, copy=False)
    if mirror:
        picture = cv2.flip(picture, 1).astype(np.uint8, copy=False)
    elif picture is rgb:
        picture = rgb.copy()
    factors = wanted_wh[0] / width, wanted_wh[1] / height
    return picture, [_moved(track, factors, wanted_wh[0], mirror=mirror) for track in tracks]


def draw_on(
    picture: Image, tracks: Sequence[Track], labels: Sequence[str], readout: Readout | None
) -> None:
    """Draw faces and the status of the run into `picture`, which is changed."""
    size_wh = picture.shape[1], picture.shape[0]
    corner = None if readout is None else readout_place(readout, size_wh)
    draw_faces(picture, tracks, labels, taken=[] if corner is None else [corner])
    if readout is not None and corner is not None:
        draw_readout(picture, corner, readout)


def _moved(track: Track, factors: tuple[float, float], width: int, *, mirror: bool) -> Track:
    """Return a track with its box in pixels of the scaled, perhaps mirrored picture."""
    (across, down), box = factors, track.face.box
    x0, x1 = box.x0 * across, box.x1 * across
    if mirror:
        x0, x1 = width - x1, width - x0
    moved = Box(x0, box.y0 * down, x1, box.y1 * down)
    return dataclasses.replace(track, face=dataclasses.replace(track.face, box=moved))
