"""One input annotated, and what holds for any: checks that raise AssertionError with a sentence."""

import csv
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image

from fer_live.realtime.annotate import AnnotateSettings, Outcome, annotate
from tests.cases import independent

OFFSET_S: Final = 0.020
"""How far apart flash and beep may be."""


TIME_S: Final = 2e-6
"""The rounding of a table's times and of ffprobe's."""


@dataclass(frozen=True)
class Ran:
    """One input, and what `annotate` made of it."""

    source: Path
    target: Path
    outcome: Outcome

    @property
    def table(self) -> list[dict[str, str]]:
        """Rows of the table."""
        with self.output(".faces.csv").open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    @property
    def summary(self) -> dict[str, Any]:
        """The summary."""
        found: dict[str, Any] = json.loads(self.output(".summary.json").read_text("utf-8"))
        return found

    @property
    def video(self) -> Path:
        """The annotated video."""
        return self.output(".annotated.mp4")

    @property
    def picture(self) -> Path | None:
        """The annotated picture of a photograph; None for what moves."""
        drawn = self.target.parent.glob(f"{self.target.name}.annotated.*")
        return next((path for path in drawn if path != self.video), None)

    @property
    def times(self) -> list[float]:
        """When each frame of the table shows, in seconds."""
        frames = itertools.groupby(self.table, key=lambda row: row["frame"])
        return [float(next(rows)["time_s"]) for _, rows in frames]

    @property
    def faces(self) -> list[int]:
        """How many faces each frame of the table has."""
        frames = itertools.groupby(self.table, key=lambda row: row["frame"])
        return [sum(row["track"] != "" for row in rows) for _, rows in frames]

    def output(self, suffix: str) -> Path:
        """Return the path of one output."""
        return self.target.with_name(self.target.name + suffix)


def run(source: Path, out: Path, settings: AnnotateSettings | None = None) -> Ran:
    """Annotate one file."""
    (outcome,) = annotate([source], out, settings or AnnotateSettings()).outcomes
    ran = Ran(source, out / source.name, outcome)
    check(outcome.status == "done", f"it {outcome.status}: {outcome.note}")
    return ran


def check(holds: bool, otherwise: str) -> None:
    """Raise AssertionError with a sentence when something does not hold."""
    if not holds:
        raise AssertionError(otherwise)


def whole(ran: Ran) -> None:
    """No fault is told, and the video shows every row of the table at its time."""
    check(ran.outcome.note is None, f"it is told: {ran.outcome.note}")
    if ran.picture is None:
        same_times(ran)
        return
    check(ran.times == [0.0], f"a photograph shows at {ran.times}")
    opened: Any
    with PIL.Image.open(ran.picture) as opened:
        wanted = ran.summary["input"]["size_wh"]
        check(list(opened.size) == wanted, f"it is drawn in {opened.size}, not {wanted}")


def same_times(ran: Ran) -> None:
    """The annotated video has the table's frames at the table's times."""
    shown = independent.picture_times(ran.video)
    check(len(shown) == len(ran.times), f"{len(ran.times)} in the table, {len(shown)} in the video")
    off = np.abs(np.array(shown) - ran.times).max()
    check(off < 1e-4, f"the video is off the table by {off:.6f} s")


def like_ffprobe(ran: Ran, *, zero_s: float = 0.0, stream: str = "v:0") -> None:
    """The table has the source's frames at the source's times."""
    expected = np.array(independent.picture_times(ran.source, stream)) - zero_s
    check(len(ran.times) == len(expected), f"{len(expected)} frames, {len(ran.times)} in the table")
    off = np.abs(expected - ran.times).max()
    check(off < TIME_S, f"times are off by {off:.6f} s")


def in_step(ran: Ran, sound: str = "a:0") -> None:
    """Flash and beep are together in the annotated video, and as far apart as in the source."""
    after = independent.sound_behind_picture_s(ran.video)
    before = independent.beep_s(ran.source, sound) - independent.flash_s(ran.source)
    check(abs(after) <= OFFSET_S, f"the beep comes {1000 * after:.1f} ms behind the flash")
    check(abs(after - before) <= OFFSET_S, f"the beep moved by {1000 * (after - before):.1f} ms")


def looks_alike(ran: Ran, size_wh: tuple[int, int], within: float) -> None:
    """The median difference between source and annotated video is small: little is drawn on."""
    before, after = (independent.pictures(path, size_wh) for path in (ran.source, ran.video))
    off = float(np.median(np.abs(before.astype(int) - after), axis=(1, 2, 3)).max())
    check(off <= within, f"the annotated video is off the source by {off:.0f} levels")
