"""A video that was written shows each picture at its time, with the sound it came with."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_live.errors import SinkError
from fer_live.realtime.sinks.audio.audio_copy import SoundOf
from fer_live.realtime.sinks.video import VideoWriter
from fer_live.realtime.sources import open_video
from tests.realtime.sinks.written import NOBODY, SMALL, WITHIN_S, times_of
from tests.support.made_results import made_frame
from tests.support.shared_data import shared_file

pytestmark = pytest.mark.packages

same_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)


def sound_of(path: Path) -> tuple[str, list[tuple[float, bytes]]]:
    """Return the codec and each packet's time, on the clock of the pictures, and bytes."""
    with av.open(path) as file:
        track = file.streams.audio[0]
        begins_anywhere = file.format.name in {"mpeg", "mpegts"}
        zero = (file.start_time or 0) / 1e6 if begins_anywhere else 0.0
        packets = [
            (float(p.pts * p.time_base) - zero, bytes(p))
            for p in file.demux(track)
            if p.pts is not None
        ]
        return track.codec_context.codec.canonical_name, packets


def copied(
    source: Path, out: Path, *, start_s: float | None = None, end_s: float | None = None
) -> list[float]:
    """Write a file's pictures and sound into another; return the times that were written."""
    with open_video(source, start_s=start_s, end_s=end_s) as clip:
        times = []
        with VideoWriter(
            out, clip.info, sound=SoundOf(source, end_s=end_s), start_s=start_s or 0.0
        ) as video:
            for frame in clip:
                video.write(frame, NOBODY)
                times.append(frame.time_s - (start_s or 0.0))
    return times


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@same_folder
@given(
    steps=st.lists(st.integers(12, 3_000_000), min_size=1, max_size=12),
    start_us=st.integers(0, 10_000_000),
    fps=st.sampled_from([None, Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001)]),
)
def test_times_read_back_are_the_times_written(
    tmp_path: Path, suffix: str, steps: list[int], start_us: int, fps: Fraction | None
) -> None:
    path = tmp_path / f"v{suffix}"
    times = ((start_us + np.cumsum(steps)) / 1e6).tolist()
    with VideoWriter(path, dataclasses.replace(SMALL, fps=fps)) as video:
        for time_s in times:
            video.write(made_frame(time_s=time_s), NOBODY)
    assert times_of(path) == pytest.approx(times, abs=WITHIN_S)


def test_a_constant_rate_is_kept_to_the_tick(tmp_path: Path) -> None:
    times = [Fraction(n * 1001, 24000) for n in range(50)]
    info = dataclasses.replace(SMALL, fps=Fraction(24000, 1001))
    with VideoWriter(tmp_path / "v.mp4", info) as video:
        for time in times:
            video.write(made_frame(time_s=float(time)), NOBODY)
    with av.open(tmp_path / "v.mp4") as file:
        found = [Fraction(f.pts or 0) * (f.time_base or 0) for f in file.decode(video=0)]
        assert file.streams.video[0].average_rate == Fraction(24000, 1001)
    assert found == times


def test_a_video_with_gaps_says_how_long_it_is(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", SMALL) as video:
        for time_s in (0.0, 0.1, 2.1, 2.2, 4.2):
            video.write(made_frame(time_s=time_s), NOBODY)
    with av.open(tmp_path / "v.mp4") as file:
        assert file.duration == pytest.approx((4.2 + 1 / 30) * 1e6, abs=1e3)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_no_picture_is_lost_when_two_have_the_same_time(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    with VideoWriter(path, SMALL) as video:
        for time_s in (0.0, 0.5, 0.5, 0.5, 1.0):
            video.write(made_frame(time_s=time_s), NOBODY)
    assert times_of(path) == pytest.approx([0.0, 0.5, 0.5, 0.5, 1.0], abs=0.003)


def test_a_recording_begins_when_it_was_begun(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", SMALL, start_s=17.25) as video:
        for time_s in (17.25, 17.3, 17.9):
            video.write(made_frame(time_s=time_s), NOBODY)
    assert times_of(tmp_path / "v.mp4") == pytest.approx([0, 0.05, 0.65], abs=WITHIN_S)


@pytest.mark.parametrize("size_wh", [(65, 49), (64, 49), (65, 48), (1, 1)])
def test_odd_sizes_gain_one_row_or_column_and_lose_nothing(
    tmp_path: Path, size_wh: tuple[int, int]
) -> None:
    info = dataclasses.replace(SMALL, size_wh=size_wh)
    with VideoWriter(tmp_path / "v.mp4", info) as video:
        video.write(made_frame(size_wh=size_wh), NOBODY)
    with av.open(tmp_path / "v.mp4") as file:
        picture = next(file.decode(video=0)).to_ndarray(format="rgb24")
    width, height = size_wh
    assert picture.shape == (height + height % 2, width + width % 2, 3)
    assert np.abs(picture.astype(int) - 128).max() <= 3


@pytest.mark.parametrize("size_wh", [(64, 48), (1280, 720)])
def test_colours_come_back_as_they_were(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    colours = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (240, 240, 240), (12, 12, 12)]
    info = dataclasses.replace(SMALL, size_wh=size_wh)
    with VideoWriter(tmp_path / "v.mp4", info) as video:
        for n, colour in enumerate(colours):
            frame = made_frame(time_s=n, size_wh=size_wh)
            frame.rgb[:] = colour
            video.write(frame, NOBODY)
    with open_video(tmp_path / "v.mp4") as clip:
        for frame, colour in zip(clip, colours, strict=True):
            assert np.abs(np.median(frame.rgb, axis=(0, 1)) - colour).max() <= 4, colour


@pytest.mark.parametrize(
    "name",
    [
        "demo/hamilton_clip.mp4",
        "demo/pyfeat_face_noface.mov",
        "demo/pyfeat_single_face.mp4",
        "edge/truncated_60pct.mp4",
    ],
)
def test_sound_is_copied_bit_for_bit_and_in_time(tmp_path: Path, name: str) -> None:
    source = shared_file(f"video/{name}")
    times = copied(source, tmp_path / "v.mp4")
    assert times_of(tmp_path / "v.mp4") == pytest.approx(times, abs=WITHIN_S)
    (codec, before), (codec_after, after) = sound_of(source), sound_of(tmp_path / "v.mp4")
    assert codec == codec_after
    assert [data for _, data in after] == [data for _, data in before]
    assert [t for t, _ in after] == pytest.approx([t for t, _ in before], abs=1e-4)


def test_sound_that_players_do_not_expect_in_mp4_becomes_aac(tmp_path: Path) -> None:
    source = shared_file("video/demo/grid_bbaf2n.mpg")
    copied(source, tmp_path / "v.mp4")
    copied(source, tmp_path / "v.mkv")
    assert sound_of(source)[0] == sound_of(tmp_path / "v.mkv")[0] == "mp2"
    codec, packets = sound_of(tmp_path / "v.mp4")
    assert codec == "aac"
    assert packets[-1][0] == pytest.approx(sound_of(source)[1][-1][0], abs=0.05)
    envelopes = [loudness(source), loudness(tmp_path / "v.mp4")]
    length = min(map(len, envelopes))
    assert np.corrcoef([e[:length] for e in envelopes])[0, 1] > 0.99


def loudness(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the sound's root mean square in steps of 20 ms from the file's beginning."""
    with av.open(path) as file:
        zero = (file.start_time or 0) / 1e6
        rate = file.streams.audio[0].codec_context.sample_rate
        resampler = av.AudioResampler("flt", "mono", rate)
        line = np.zeros(4 * rate)
        for frame in file.decode(audio=0):
            for piece in resampler.resample(frame):
                at = round(((piece.time or 0.0) - zero) * rate)
                samples = piece.to_ndarray()[0][max(0, -at) :]
                line[max(0, at) : max(0, at) + len(samples)] = samples
    steps = line[: len(line) // (rate // 50) * (rate // 50)].reshape(-1, rate // 50)
    return np.asarray(np.sqrt((steps**2).mean(axis=1)), np.float64)


def test_a_piece_of_a_file_takes_the_same_piece_of_its_sound(tmp_path: Path) -> None:
    source = shared_file("video/demo/hamilton_clip.mp4")
    copied(source, tmp_path / "v.mp4", start_s=2.5, end_s=4.0)
    before, after = sound_of(source)[1], sound_of(tmp_path / "v.mp4")[1]
    first = [data for _, data in before].index(after[0][1])
    for (time_s, data), (cut_s, cut) in zip(before[first:], after, strict=False):
        assert cut == data
        assert cut_s == pytest.approx(time_s - 2.5, abs=1e-4)
    packet_s = 1024 / 44100
    assert -packet_s <= after[0][0] <= 0
    assert 1.5 - packet_s <= after[-1][0] < 1.5


def test_a_source_without_sound_gives_a_silent_video(tmp_path: Path) -> None:
    copied(shared_file("video/edge/one_frame.mp4"), tmp_path / "v.mp4")
    with av.open(tmp_path / "v.mp4") as file:
        assert [s.type for s in file.streams] == ["video"]


def test_a_folder_of_pictures_has_no_sound_to_copy(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", SMALL, sound=SoundOf(tmp_path)) as video:
        video.write(made_frame(), NOBODY)
    assert len(times_of(tmp_path / "v.mp4")) == 1


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    source = shared_file("video/edge/with_audio_track.mp4")
    for name in ("a.mp4", "b.mp4"):
        copied(source, tmp_path / name, end_s=1.0)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_pictures_wider_than_h264_can_be_are_refused_in_a_sentence(tmp_path: Path) -> None:
    wide = dataclasses.replace(SMALL, size_wh=(16_386, 16))
    with pytest.raises(SinkError, match=r"16386x16 are too large .* at most 16384 pixels wide"):
        VideoWriter(tmp_path / "v.mp4", wide)
    assert not (tmp_path / "v.mp4").exists()
