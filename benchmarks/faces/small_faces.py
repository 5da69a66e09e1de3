"""How many small faces are found, and how soon: a portrait laid into pictures without faces.

The portrait of `demo_clip.py`, scaled so that the hull of its landmarks has a chosen width, is laid
at seeded places onto the frames of clips without faces, enlarged to the size that is measured. A
face counts as found when a face overlaps it well within a second of video.

    python -m benchmarks.faces.small_faces CLIP... --markdown docs/benchmarks/small-faces.md

Each CLIP is a video without a face. The finder is the live one, as shipped.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice, product
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.bench.measures.bare_landmarker import BareLandmarker
from fer_live.realtime.bench.run import fitted
from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.faces import FaceFinder, FaceSettings, open_finder
from fer_live.realtime.results import Box, Face, Frame
from fer_live.realtime.sources import open_video
from fer_live.terminal.markdown import markdown_row, markdown_table

WIDTHS_PX = (32, 48, 64, 100)
SIZES_WH = ((1280, 720), (1920, 1080))
WITHIN_S: Final = 1.0
FOUND_IOU: Final = 0.4
_NOT_IT_IOU: Final = 0.1
_HEAD: Final = (slice(14, 234), slice(115, 335))
"""Rows and columns of the portrait that show the head."""
_BETWEEN_S: Final = 10.0
HEADS: Final = ("picture", "face, px", "found", "part", "median, s", "false faces")


@dataclass(frozen=True, slots=True)
class FacePlace:
    """One face in front of one stretch of video.

    Attributes:
        clip: Name of the clip.
        size_wh: Of the picture.
        face: Hull of the landmarks, in pixels.
        found_s: When it was found, in seconds from the first frame that shows it; None if not.
        false_faces: Faces in any frame that are elsewhere.
    """

    clip: str
    size_wh: tuple[int, int]
    face: Box
    found_s: float | None
    false_faces: int


def portrait_face() -> Box:
    """Return the hull of the portrait's landmarks, in its own pixels."""
    with BareLandmarker(1) as landmarker:
        return landmarker.find(Frame(0, 0.0, portrait()))[0].box


def seeded_places(
    face: Box, size_wh: tuple[int, int], width_px: int, count: int
) -> Iterator[tuple[Box, tuple[int, int]]]:
    """Yield hulls `width_px` wide and the corner of the head around each, in whole pixels.

    The whole head lies in the picture. The same arguments give the same places.
    """
    rng = np.random.default_rng([*size_wh, width_px])
    scale = width_px / face.width_px
    rows, columns = _HEAD
    head_px = round((rows.stop - rows.start) * scale)
    for _ in range(count):
        x, y = (int(rng.integers(0, side - head_px + 1)) for side in size_wh)
        x0, y0 = x + (face.x0 - columns.start) * scale, y + (face.y0 - rows.start) * scale
        yield Box(x0, y0, x0 + width_px, y0 + face.height_px * scale), (x, y)


def look_for_portrait(
    finder: FaceFinder,
    clips: Mapping[str, Sequence[Frame]],
    size_wh: tuple[int, int],
    width_px: int,
    count: int,
) -> list[FacePlace]:
    """Look for the portrait at `count` places, on one clip after the other.

    Args:
        finder: Open; it is used for all places, and forgets each before the next.
        clips: Frames without faces, at least a second of each.
        size_wh: Picture size.
        width_px: Width of the hull of the face's landmarks.
        count: How many places.
    """
    shown = portrait_face()
    rows, columns = _HEAD
    side = round((rows.stop - rows.start) * width_px / shown.width_px)
    head = cv2.resize(portrait()[rows, columns], (side, side), interpolation=cv2.INTER_AREA)
    names = sorted(clips)
    places = []
    start_s = 0.0
    for index, (face, (x, y)) in enumerate(seeded_places(shown, size_wh, width_px, count)):
        name = names[index % len(names)]
        forget(finder, start_s)
        found_s, false_faces = None, 0
        for frame in first_second(clips[name], size_wh):
            rgb = frame.rgb.copy()
            rgb[y : y + side, x : x + side] = head
            faces = finder.find(replace(frame, rgb=rgb, time_s=start_s + frame.time_s))
            false_faces += sum(other.box.iou(face) < _NOT_IT_IOU for other in faces)
            if found_s is None and any(other.box.iou(face) >= FOUND_IOU for other in faces):
                found_s = frame.time_s
        places.append(FacePlace(name, size_wh, face, found_s, false_faces))
        start_s += _BETWEEN_S
    return places


def faces_in(
    finder: FaceFinder, frames: Sequence[Frame], size_wh: tuple[int, int]
) -> list[tuple[int, Face]]:
    """Return every face, with its frame's index, that is found in frames brought to a size."""
    return [(frame.index, face) for frame in frames for face in finder.find(fitted(frame, size_wh))]


def first_second(frames: Sequence[Frame], size_wh: tuple[int, int]) -> Iterator[Frame]:
    """Yield the first second of a clip, brought to a size, its time beginning at 0."""
    for frame in frames:
        time_s = frame.time_s - frames[0].time_s
        if time_s > WITHIN_S:
            return
        yield replace(fitted(frame, size_wh), time_s=time_s)


def forget(finder: FaceFinder, time_s: float) -> None:
    """Let a finder forget what it followed: a picture of another size begins a new scene."""
    blank: Image = np.zeros((16, 16, 3), np.uint8)
    finder.find(Frame(0, time_s, blank))


def first_frames(clip: Path, count: int) -> list[Frame]:
    """Decode the first frames of a clip."""
    with open_video(clip) as source:
        return list(islice(source, count))


def head(places: int, clips: int) -> list[str]:
    """Return what stands above the tables."""
    return [
        "# Small faces",
        "",
        "Written by `benchmarks/faces/small_faces.py`, "
        f"{datetime.now(UTC).date().isoformat()}, fer-live {version('fer-live')}.",
        "",
        f"The portrait of `fer_live.realtime.demo_clip` at {places} seeded places a row, before "
        f"{clips} clips without a face in turn. Width: hull of the landmarks. Found: a face "
        "overlaps it with an IoU of at least 0.4 within one second of video, counted from the "
        "first frame, search as shipped, live. False faces: faces elsewhere, in any frame.",
        "",
    ]


def row(size_wh: tuple[int, int], width_px: int, places: list[FacePlace]) -> str:
    """Return one line of the table."""
    times_s = sorted(place.found_s for place in places if place.found_s is not None)
    median = f"{times_s[len(times_s) // 2]:.2f}" if times_s else "-"
    false_faces = sum(place.false_faces for place in places)
    cells = (
        f"{size_wh[0]}x{size_wh[1]}",
        width_px,
        f"{len(times_s)} of {len(places)}",
        f"{100 * len(times_s) / len(places):.1f} %",
        median,
        false_faces,
    )
    return markdown_row(cells)


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--places", type=int, default=40, help="for each size")
    parser.add_argument("--frames", type=int, default=300, help="of a clip, searched for no face")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    options = parser.parse_args()
    clips = {clip.name: first_frames(clip, options.frames) for clip in options.clips}
    lines = [
        *head(options.places, len(clips)),
        markdown_table(HEADS, ()),
    ]
    record: list[dict[str, object]] = []
    for size_wh, width_px in product(SIZES_WH, WIDTHS_PX):
        with open_finder(FaceSettings(), live=True) as finder:
            places = look_for_portrait(finder, clips, size_wh, width_px, options.places)
        record += [asdict(place) for place in places]
        lines.append(row(size_wh, width_px, places))
        print(lines[-1], flush=True)
    lines += ["", markdown_table(("clip", "picture", "frames", "false faces"), ())]
    for name, frames in clips.items():
        for size_wh in SIZES_WH:
            with open_finder(FaceSettings(), live=True) as finder:
                seen = faces_in(finder, frames, size_wh)
            cells = (name, f"{size_wh[0]}x{size_wh[1]}", len(frames), len(seen))
            lines.append(markdown_row(cells))
            print(lines[-1], flush=True)
    if options.json:
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
