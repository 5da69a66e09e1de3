"""Starting in the middle of files whose marks for key pictures are not to be trusted."""

from pathlib import Path

import pytest

from fer_live.realtime.sources import open_video
from tests.cases.independent import ffmpeg, needs_ffmpeg
from tests.support.shared_data import shared_file

TALK = "video/demo/hamilton_clip.mp4"
ENCODE = ("-an", "-c:v", "libx264", "-preset", "ultrafast")
REFRESHED = (*ENCODE, "-x264-params", "intra-refresh=1:keyint=60")
"""Every 60th packet is marked as a key picture; only the first is one."""


def parts_are_the_whole(clip: Path, starts_s: tuple[float, ...]) -> None:
    """Assert that each part holds the indices, times and pixels of the whole from there on."""
    with open_video(clip) as video:
        whole = {(frame.index, frame.time_s, frame.rgb.tobytes()) for frame in video}
    for start_s in starts_s:
        with open_video(clip, start_s=start_s) as part:
            frames = [(frame.index, frame.time_s, frame.rgb.tobytes()) for frame in part]
        assert frames
        assert sorted(frames) == sorted(one for one in whole if one[1] >= start_s)
        assert part.fault is None


@needs_ffmpeg
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_intra_refresh_is_decoded_from_its_only_real_key_picture(
    ending: str, tmp_path: Path
) -> None:
    clip = tmp_path / f"refreshed.{ending}"
    ffmpeg("-i", shared_file(TALK), "-t", "6", *REFRESHED, clip)
    parts_are_the_whole(clip, (0.5, 2.0, 2.5, 3.3, 4.4, 5.7))


@needs_ffmpeg
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_packets_that_lean_on_what_was_cut_off_are_not_counted(ending: str, tmp_path: Path) -> None:
    refreshed, cut, plain = tmp_path / "1.mp4", tmp_path / "2.mkv", tmp_path / "3.mkv"
    ffmpeg("-i", shared_file(TALK), "-t", "6", *REFRESHED, refreshed)
    ffmpeg("-ss", "2.1", "-i", refreshed, "-c", "copy", cut)
    ffmpeg("-i", shared_file(TALK), "-t", "4", *ENCODE, "-g", "30", plain)
    both = tmp_path / "both.txt"
    both.write_text("file '2.mkv'\nfile '3.mkv'\n")
    clip = tmp_path / f"joined.{ending}"
    ffmpeg("-f", "concat", "-i", both, "-c", "copy", clip)
    parts_are_the_whole(clip, (0.5, 3.0, 5.5, 7.0))
