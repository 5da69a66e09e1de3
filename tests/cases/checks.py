"""The files of shared/cases: what is right for each, checked with the commands ffmpeg and ffprobe.

A check raises AssertionError with a sentence that says what is wrong.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
import PIL.ImageOps

from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.faces import FaceSettings
from fer_live.realtime.sources import Choices, open_source
from tests.cases import independent
from tests.cases.annotated import (
    TIME_S,
    Ran,
    check,
    in_step,
    like_ffprobe,
    looks_alike,
    run,
    same_times,
    whole,
)


def with_sound(source: Path, out: Path) -> None:
    """Table, video and sound are kept, flash and beep together."""
    ran = run(source, out)
    whole(ran)
    in_step(ran)


def transport_stream(source: Path, out: Path) -> None:
    """Times count from the earliest stream; the AAC is copied without its headers."""
    ran = run(source, out)
    whole(ran)
    in_step(ran)
    zero_s = float(
        independent.ffprobe(source, "-show_entries", "format=start_time")["format"]["start_time"]
    )
    like_ffprobe(ran, zero_s=zero_s)
    check(independent.codecs(ran.video) == ["h264", "aac"], "the AAC is not there")


def sound_without_layout(source: Path, out: Path) -> None:
    """The clip ends before its beep: the sound is compared by its length."""
    ran = run(source, out)
    whole(ran)
    like_ffprobe(ran)
    length = [independent.sound_s(path) for path in (source, ran.video)]
    check(abs(length[0] - length[1]) < 0.05, f"sound of {length[0]} s became {length[1]} s")


def next_sound_track(source: Path, out: Path) -> None:
    """The second track is taken, since nobody can decode the first."""
    ran = run(source, out)
    whole(ran)
    in_step(ran, "a:1")


def late_start(source: Path, out: Path) -> None:
    """Pictures that begin late stay late, the sound with them, and the file is whole."""
    ran = run(source, out)
    whole(ran)
    like_ffprobe(ran)
    in_step(ran)


def decoding_order(source: Path, out: Path) -> None:
    """Times are n/25, each once."""
    ran = run(source, out)
    whole(ran)
    expected = np.arange(50) / 25
    check(len(ran.times) == 50, f"{len(ran.times)} frames of 50")
    check(bool(np.abs(expected - ran.times).max() < TIME_S), f"times are {ran.times[:6]} ...")


def oblong_pixels(source: Path, out: Path) -> None:
    """Pixels are made square before faces are looked for; the video is as wide as in a player.

    A square clip was stretched to 16:9 here, so that faces are wider than they are high.
    """
    ran = run(source, out)
    whole(ran)
    check(min(ran.faces) >= 1, f"faces are found in {sum(map(bool, ran.faces))} of 50 pictures")
    check(ran.summary["input"]["size_wh"] == [1024, 576], f"{ran.summary['input']['size_wh']}")
    check(ran.summary["input"]["pixel_aspect"] == "2", "the shape of the pixels is not told")
    boxes = [[float(row[key]) for key in ("x0", "y0", "x1", "y1")] for row in ran.table]
    shapes = [(x1 - x0) / (y1 - y0) for x0, y0, x1, y1 in boxes]
    check(min(shapes) > 1.0 and max(shapes) < 1.4, f"faces are {min(shapes):.2f} times as wide")
    looks_alike(ran, (256, 144), 12)


def changing_size(source: Path, out: Path) -> None:
    """Every picture is seen as it is, letterboxed into the size of the first, and it is said."""
    ran = run(source, out)
    check("480x854 to 854x480" in (ran.outcome.note or ""), f"it is told: {ran.outcome.note}")
    check(ran.summary["fault"] == ran.outcome.note, "the summary does not say it")
    check(
        min(ran.faces) >= 1, f"faces are found in {sum(map(bool, ran.faces))} of {len(ran.faces)}"
    )
    same_times(ran)
    last = independent.pictures(ran.video, (480, 854))[-1].astype(int)
    check(last[:280].max() < 40 and last[-280:].max() < 40, "there is no black above and below")
    boxes = [[float(row[key]) for key in ("x0", "y0", "x1", "y1")] for row in ran.table]
    shapes = [(x1 - x0) / (y1 - y0) for x0, y0, x1, y1 in boxes]
    check(min(shapes) > 0.6 and max(shapes) < 1.2, f"faces are {min(shapes):.2f} times as wide")


def default_stream(source: Path, out: Path) -> None:
    """The default stream is taken, the other one when it is asked for."""
    ran = run(source, out)
    whole(ran)
    like_ffprobe(ran, stream="v:1")
    check(ran.summary["input"]["size_wh"] == [480, 480], "it is not the default stream")
    check(ran.summary["input"]["stream"] == 1, "the stream is not told")
    other = run(source, out / "0", AnnotateSettings(choices=Choices(stream=0)))
    check(other.summary["input"]["size_wh"] == [160, 90], "--stream 0 does not choose")


def tiles_of_a_phone(source: Path, out: Path) -> None:
    """The whole picture, turned as it says, or a refusal in a sentence; never one tile."""
    (outcome,) = annotate([source], out, AnnotateSettings()).outcomes
    if outcome.status == "failed":
        check("HEIC" in (outcome.note or ""), f"it is refused with: {outcome.note}")
        return
    ran = Ran(source, out / source.name, outcome)
    whole(ran)
    check(ran.faces == [1], f"{ran.faces} faces")
    check(max(ran.summary["input"]["size_wh"]) > 256, "it is one tile")


def mirrored(source: Path, out: Path) -> None:
    """Upright as a viewer shows it: in the table, for `analyze`, and where it is drawn."""
    ran = run(source, out)
    whole(ran)
    upright = PIL.ImageOps.exif_transpose(PIL.Image.open(source)).convert("RGB")
    with open_source(str(source)) as opened:
        (frame,) = opened
    off = np.abs(np.asarray(upright).astype(int) - frame.rgb).mean()
    check(off < 2, f"`analyze` sees it off by {off:.0f} levels")
    small = np.asarray(upright.resize((100, 60), PIL.Image.Resampling.BOX)).astype(int)
    check(ran.picture is not None, "there is no annotated picture")
    drawn = independent.pictures(ran.picture or ran.video, (100, 60))[0]
    check(float(np.median(np.abs(small - drawn))) < 8, "it is drawn otherwise")
    plain = source.parent / "twenty_faces.jpg"
    check(plain.exists() and ran.faces == [1], f"{ran.faces} faces")


def animation(source: Path, out: Path) -> None:
    """Every picture of the animation with its time."""
    ran = run(source, out)
    whole(ran)
    expected = [0.0]
    opened: Any
    with PIL.Image.open(source) as opened:
        for index in range(opened.n_frames - 1):
            opened.seek(index)
            opened.load()
            expected.append(expected[-1] + opened.info["duration"] / 1000)
    check(ran.times == [round(time_s, 6) for time_s in expected], f"times are {ran.times}")
    check(min(ran.faces) == 1, f"faces are {ran.faces}")


def far_apart(source: Path, out: Path) -> None:
    """Pictures an hour or a day apart are where they belong, in the video too."""
    ran = run(source, out)
    whole(ran)
    like_ffprobe(ran)


def crowd(source: Path, out: Path) -> None:
    """That there are more faces than are followed is in the summary and told once."""
    ran = run(source, out)
    check("--max-faces" in (ran.outcome.note or ""), f"it is told: {ran.outcome.note}")
    check(ran.summary["fault"] == ran.outcome.note, "the summary does not say it")
    all_of_them = AnnotateSettings(faces=dataclasses.replace(FaceSettings(), max_faces=25))
    more = run(source, out / "25", all_of_them)
    check(more.faces == [20], f"with room for 25, {more.faces} faces are found")
    check(more.outcome.note is None, f"it is told: {more.outcome.note}")


def plain(source: Path, out: Path) -> None:
    """As if nothing were strange about the file."""
    ran = run(source, out)
    whole(ran)
    like_ffprobe(ran)


@dataclass(frozen=True)
class Case:
    """One file of shared/cases, and what is right for it."""

    file: str
    right: Callable[[Path, Path], None]


CASES: Final = (
    Case("aac_in_ts.ts", transport_stream),
    Case("pcm_no_layout.avi", sound_without_layout),
    Case("wma.wmv", with_sound),
    Case("pcm_22254hz.mov", with_sound),
    Case("unknown_first_sound_track.mov", next_sound_track),
    Case("start_at_0.667s.mp4", late_start),
    Case("start_at_10s.mkv", late_start),
    Case("h264_bframes.avi", decoding_order),
    Case("sar_2_1.mp4", oblong_pixels),
    Case("size_changes.mkv", changing_size),
    Case("two_videos_second_default.mkv", default_stream),
    Case("phone_grid.heic", tiles_of_a_phone),
    Case("exif_2.jpg", mirrored),
    Case("animated.webp", animation),
    Case("one_picture_an_hour.mp4", far_apart),
    Case("gap_of_a_day.mkv", far_apart),
    Case("twenty_faces.jpg", crowd),
    Case("tags_not_utf8.webm", plain),
)
