"""The source when none was given: the first camera that works, or else a demo clip."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.errors import SourceError
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.sources import LatestFrame, list_cameras, open_camera

PICTURE_WITHIN_S: Final = 5.0
"""A camera that gives no picture for this long does not work."""
DEMO_TIMES: Final = 30
"""The clip lasts eleven seconds; repeated this often, five and a half minutes."""
KEYS: Final = "press h for the keys, q to leave"


@dataclass(frozen=True, slots=True)
class FirstSource:
    """What to show.

    Attributes:
        source: As `--camera` takes it.
        words: A description, for the terminal and on the picture.
    """

    source: str
    words: str


def first_source(folder: Path) -> FirstSource:
    """Return the first camera that gives a picture, or a clip if there is no camera.

    Args:
        folder: Where the clip is written; the caller removes it afterwards.

    Raises:
        SourceError: There are cameras but none works, with the reason for each; or there is none,
            and the package for the clip is not installed.
    """
    listed = [(camera.place, camera.name) for camera in list_cameras()]
    refusals = []
    # Only Linux lists its cameras; elsewhere the first is tried.
    for place, name in listed or ([] if sys.platform == "linux" else [("0", "the first camera")]):
        refusal = why_it_does_not_work(place)
        if refusal is None:
            return FirstSource(place, f"{name}; {KEYS}")
        refusals.append(f"{name}: {refusal}")
    if listed:
        raise SourceError(f"no camera works: {'; '.join(refusals)}")
    clip = folder / "no camera, a portrait instead.mp4"
    try:
        write_portrait_clip(clip, times=DEMO_TIMES)
    except SourceError as error:
        raise SourceError(
            f"there is no camera on this machine, and no clip to show instead ({error}); give a "
            "file: fer-live --camera talk.mp4"
        ) from error
    return FirstSource(str(clip), f"there is no camera here, so this is a clip; {KEYS}")


def why_it_does_not_work(place: str) -> str | None:
    """Return why a camera gives no picture; None if it gives one."""
    try:
        with LatestFrame(open_camera(place)) as frames:
            if frames.wait(PICTURE_WITHIN_S) is None:
                return f"it gave no picture within {PICTURE_WITHIN_S:.0f} s"
    except SourceError as error:
        return str(error)
    return None
