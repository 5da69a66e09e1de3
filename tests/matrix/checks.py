"""Table and annotated video of a cell, held against the commands `ffmpeg` and `ffprobe`."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.realtime.annotate import AnnotateSettings, annotate
from tests.cases import independent
from tests.cases.annotated import OFFSET_S, Ran, check
from tests.matrix.cells import Cell
from tests.matrix.generator import COLOURS, FPS

ONE_CLOCK: Final = frozenset({"ts", "m2ts", "mpg", "vob", "m3u8", "ogv"})
"""Broadcast formats and Ogg, whose clock begins anywhere: their earliest stream is 0."""
UNTIMED: Final = frozenset({"h264", "hevc", "m2v", "mjpeg", "mpg", "vob"})
"""Formats that do not say of every picture when it shows; these clips have one every 1/25 s."""
TICK_S: Final = 1.1e-3
"""Matroska, FLV and WMV round times to a millisecond."""
LEVELS: Final = 24
"""What colours may lose in two lossy encoders, in 0 to 255."""
SMALL_WH: Final = (88, 72)


def hold(cell: Cell, source: Path, out: Path, model: str) -> None:
    """Annotate the clip of a cell and check everything about it.

    Raises:
        AssertionError: Something is wrong, in a sentence.
    """
    (outcome,) = annotate([source], out, AnnotateSettings(model=model)).outcomes
    check(outcome.status == "done", f"it {outcome.status}: {outcome.note}")
    check(outcome.note is None, f"it is told: {outcome.note}")
    ran = Ran(source, out / source.name, outcome)
    expected = expected_times(cell, source)
    same("table", ran.times, expected)
    same("video", independent.picture_times(ran.video), ran.times)
    before, after = shown(source, SMALL_WH), shown(ran.video, SMALL_WH)
    colours_and_sides(cell, before, after)
    shape(source, ran.video)
    if cell.sound != "none":
        check(flash_index(before) == flash_index(after), "the flash is in another picture")
        in_step(ran, expected[flash_index(before)] + zero_of(cell, source), flash_index(after))


def zero_of(cell: Cell, source: Path) -> float:
    """Return what the file calls its beginning, in seconds of its own timestamps."""
    if cell.container not in ONE_CLOCK:
        return 0.0
    found = independent.ffprobe(source, "-show_entries", "format=start_time")
    return float(found["format"]["start_time"])


def expected_times(cell: Cell, source: Path) -> NDArray[np.float64]:
    """Return when each picture shows, counted as the table counts."""
    if cell.container == "avi":  # says when a picture is decoded; they are shown in that rhythm
        return np.array(sorted(independent.decoding_times(source)))
    times = np.sort(np.array(independent.picture_times(source), float)) - zero_of(cell, source)
    if cell.container in UNTIMED:
        first = float(np.nanmin(times)) if cell.container in ONE_CLOCK else 0.0
        return first + np.arange(len(times)) / FPS
    return times


def same(what: str, found: list[float], expected: NDArray[np.float64] | list[float]) -> None:
    """Compare times."""
    check(len(found) == len(expected), f"{what}: {len(found)} pictures instead of {len(expected)}")
    off = float(np.abs(np.array(found) - expected).max())
    check(off < TICK_S, f"{what}: times are off by {1000 * off:.1f} ms")


def shown(path: Path, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Return what a player shows."""
    return independent.pictures(path, size_wh)


def colours_and_sides(cell: Cell, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> None:
    """The four colours are where the source has them, and what they were made as."""
    check(len(before) == len(after), f"{len(before)} pictures became {len(after)}")
    turned = cell.variant == "rotation"
    right = np.array(corners(before[0]) if turned else COLOURS, int)
    off = np.abs(np.array(corners(after[0]), int) - right).max()
    check(off <= LEVELS, f"colours are off by {off} levels: {corners(after[0])}")


def corners(picture: NDArray[np.uint8]) -> list[list[int]]:
    """Return the colour in the middle of each quarter, row by row."""
    height, width = picture.shape[:2]
    places = [(y, x) for y in (height // 6, height * 5 // 6) for x in (width // 6, width * 5 // 6)]
    return [
        picture[y - 2 : y + 3, x - 2 : x + 3].mean((0, 1)).astype(int).tolist() for y, x in places
    ]


def shape(source: Path, video: Path) -> None:
    """The video is as wide as a player shows the source."""
    before, after = (independent.display_aspect(path) for path in (source, video))
    check(
        abs(before / after - 1) < 0.02, f"it is {after:.2f} times as wide as high, not {before:.2f}"
    )


def flash_index(pictures: NDArray[np.uint8]) -> int:
    """Return which picture flashes first."""
    height, width = pictures.shape[1:3]
    middle = pictures[:, height // 2 - 4 : height // 2 + 4, width // 2 - 4 : width // 2 + 4]
    bright = middle.mean(axis=(1, 2, 3)) > independent.FLASH_FROM
    check(bool(bright.any()), "there is no flash")
    return int(np.argmax(bright))


def in_step(ran: Ran, flash_s: float, flash_after: int) -> None:
    """The beep is where the source has it beside the flash, within 20 ms.

    Args:
        ran: What came of the file.
        flash_s: When the source flashes, in seconds of its own timestamps.
        flash_after: Which picture of the annotated video flashes.
    """
    before = independent.beep_s(ran.source) - flash_s
    after = independent.beep_s(ran.video) - independent.picture_times(ran.video)[flash_after]
    check(abs(after - before) <= OFFSET_S, f"the beep moved by {1000 * (after - before):.0f} ms")
