"""Where a video can be entered, and how many pictures lie before: as decoding it says."""

from pathlib import Path

import pytest

from fer_live.realtime.sources import Limits, NoEntryError, Span, open_file, open_video
from fer_live.realtime.sources.choices import Choices
from tests.support.shared_data import shared_file

CLIPS = ("vfr_gaps_2s.mp4", "hevc.mp4", "mjpeg.avi", "vp9.webm", "rotmeta_90.mp4", "fps120.mp4")


def moment(later: int) -> float:
    return 0.7 * (later + 1)


@pytest.mark.parametrize("clip", CLIPS)
def test_pictures_are_counted_as_decoding_does(clip: str) -> None:
    with open_video(shared_file(f"video/edge/{clip}")) as video:
        counts = video.count_before(moment)
        times = [frame.time_s for frame in video]
    awaited = [sum(time_s < moment(k) for time_s in times) for k in range(len(counts))]
    assert counts == awaited
    assert moment(len(counts) - 1) <= times[-1] < moment(len(counts))


@pytest.mark.parametrize("clip", CLIPS)
def test_a_counted_entry_gives_the_frames_of_reading_through(clip: str) -> None:
    path = shared_file(f"video/edge/{clip}")
    with open_video(path) as video:
        counts = video.count_before(moment)
        last = len(counts) - 1
        through = [f for f in video if f.time_s >= moment(last)]
    with open_file(path, Span(moment(last), before=counts[last])) as video:
        entered = list(video)
    assert [(f.index, f.time_s, f.rgb.tobytes()) for f in entered] == [
        (f.index, f.time_s, f.rgb.tobytes()) for f in through
    ]


@pytest.mark.parametrize(
    ("clip", "why"),
    [
        ("demo/grid_bbaf2n.mpg", "from its beginning"),
        ("demo/intel_classroom.gif", "from its beginning"),
        ("edge/truncated_60pct.mp4", "fewer pictures"),
    ],
)
def test_what_cannot_be_entered_says_why(clip: str, why: str) -> None:
    with (
        open_video(shared_file(f"video/{clip}")) as video,
        pytest.raises(NoEntryError, match=why),
    ):
        video.count_before(moment)


def test_what_is_longer_than_may_be_read_has_no_entries(tmp_path: Path) -> None:
    choices = Choices(limits=Limits(hours=0.001))
    with (
        open_video(shared_file("video/edge/timeline_7emotions.mp4"), choices=choices) as video,
        pytest.raises(NoEntryError, match="longer"),
    ):
        video.count_before(moment)
