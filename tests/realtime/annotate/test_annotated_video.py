"""The annotated video: the table's labels, the source's sound, blurred faces."""

import itertools
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest

from fer_live.labels import LABELS
from fer_live.realtime.overlay import draw
from fer_live.realtime.results import Box, Face, FrameResult, StageTimes, Track
from fer_live.realtime.sources import open_video
from tests.realtime.annotate.conftest import Annotated, only
from tests.realtime.annotate.reference import table_rows
from tests.support.shared_data import shared_file


def parsed(rows: Iterable[dict[str, str]], index: int, time_s: float) -> FrameResult:
    """Return what the rows of one frame say, as a result that can be drawn."""
    tracks = []
    for row in rows:
        box = Box(*(float(row[key]) for key in ("x0", "y0", "x1", "y1")))
        face = Face(box, np.zeros((3, 2)), float(row["face_score"]))
        steady, raw = (
            np.array([float(row[f"{prefix}{label}"]) for label in LABELS], np.float32)
            for prefix in ("", "raw_")
        )
        tracks.append(
            Track(
                track_id=int(row["track"]),
                face=face,
                raw=raw,
                steady=steady,
                label=row["label"],
                confidence=float(row["confidence"]),
                uncertain=row["uncertain"] == "1",
                first_s=0.0,
            )
        )
    return FrameResult(index, time_s, tuple(tracks), StageTimes(0.0, 0.0, 0.0, 0.0, 0.0))


def test_the_video_shows_what_the_table_says(talk: Annotated) -> None:
    """Where another label would be drawn differently, the video is like the table's label."""
    groups = itertools.groupby(talk.rows, key=lambda row: int(row["frame"]))
    with (
        open_video(talk.clip, end_s=1.0) as clip,
        open_video(f"{talk.target}.annotated.mp4") as annotated,
    ):
        for frame, shown, (index, group) in zip(clip, annotated, groups, strict=True):
            assert shown.index == index
            assert shown.time_s == pytest.approx(frame.time_s, abs=1e-5)
            rows = list(group)
            wrong = [{**row, "label": next_label(row["label"])} for row in rows]
            right_picture, wrong_picture = (
                draw(frame.rgb, parsed(said, index, frame.time_s), labels=LABELS).astype(float)
                for said in (rows, wrong)
            )
            telling = (right_picture != wrong_picture).any(axis=2)
            assert telling.any()
            off_right, off_wrong = (
                np.abs(shown.rgb - picture)[telling].mean()
                for picture in (right_picture, wrong_picture)
            )
            assert off_right < off_wrong / 2


def next_label(label: str) -> str:
    return LABELS[(LABELS.index(label) + 1) % len(LABELS)]


def test_the_video_keeps_the_sound(tmp_path: Path, tiny: str) -> None:
    _, target = only(tmp_path, tiny, "edge/with_audio_track.mp4", video=True, end_s=1.0)
    with av.open(f"{target}.annotated.mp4") as container:
        (sound,) = container.streams.audio
        packets = [packet for packet in container.demux(sound) if packet.pts is not None]
        last = packets[-1]
        assert sound.codec_context.name == "aac"
        assert float((last.pts or 0) * (last.time_base or 0)) == pytest.approx(1.0, abs=0.1)


def test_blurred_faces_cannot_be_found_in_the_video(tmp_path: Path, tiny: str) -> None:
    clip = "edge/two_happyL_angryR.mp4"
    _, target = only(tmp_path, tiny, clip, video=True, end_s=0.1, blur_faces=True)
    (row, *_) = table_rows(Path(f"{target}.faces.csv"))
    x0, y0, x1, y1 = (round(float(row[key])) for key in ("x0", "y0", "x1", "y1"))
    with (
        open_video(shared_file(f"video/{clip}")) as bare,
        open_video(f"{target}.annotated.mp4") as blurred,
    ):
        before, after = (next(iter(v)).rgb[y0:y1, x0:x1].astype(float) for v in (bare, blurred))
    detail = [
        np.abs(np.diff(picture[10:-10, 10:-10], axis=0)).mean() for picture in (before, after)
    ]
    assert detail[1] < detail[0] / 2
