"""A result drawn on a copy of its picture."""

import dataclasses
from collections.abc import Sequence

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
    """Return a new picture with every face framed and named.

    Args:
        rgb: (H, W, 3) uint8. Not written to.
        result: What was seen in it.
        labels: What component k of the probabilities means.
        readout: What to say of the run; None for nothing.
        mirror: Swap left and right of the picture (never of the writing).
    """
    picture = rgb[:, ::-1].copy() if mirror else rgb.copy()
    tracks = (
        [_mirrored(track, rgb.shape[1]) for track in result.tracks] if mirror else result.tracks
    )
    height, width = rgb.shape[:2]
    corner = None if readout is None else readout_place(readout, (width, height))
    draw_faces(picture, tracks, labels, taken=[] if corner is None else [corner])
    if readout is not None and corner is not None:
        draw_readout(picture, corner, readout)
    return picture


def _mirrored(track: Track, width: int) -> Track:
    """Return a track with its box where it is in the mirrored picture."""
    box = track.face.box
    mirrored = Box(width - box.x1, box.y0, width - box.x0, box.y1)
    return dataclasses.replace(track, face=dataclasses.replace(track.face, box=mirrored))
