"""Video files against a reference decoder: every picture, at its own time, and every fault told."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.sources import open_source, open_video
from tests.realtime.annotate.reference import reference_times
from tests.realtime.sources.clips import GREYS, index_in, write_clip, write_sound
from tests.support.running import fer_live
from tests.support.shared_data import SHARED, shared_file

VIDEO = SHARED / "video"
SENTENCES = {
    "edge/empty.mp4": "is empty",
    "edge/text.mp4": "holds text, not a video",
    "edge/random_bytes.mp4": "is not a video of any kind",
    "edge/audio_only.m4a": "has no video stream",
}
"""What is said of the clips that hold no picture."""


def clips() -> list[str]:
    """Return every clip that there is; one that is not there where there are none."""
    if not (VIDEO / "index.csv").exists():
        return ["demo/grid_bbaf2n.mpg"]
    with (VIDEO / "index.csv").open(newline="") as file:
        return [row["file"] for row in csv.DictReader(file)]


@pytest.mark.packages
@pytest.mark.parametrize("clip", [clip for clip in clips() if clip not in SENTENCES])
def test_a_clip_yields_every_picture_at_its_own_time(clip: str) -> None:
    path = shared_file(f"video/{clip}")
    expected = np.array(reference_times(path))
    if clip.endswith(".mpg"):
        expected -= expected[0]  # broadcast formats begin their clock anywhere
    with open_video(path) as video:
        frames = [(frame.index, frame.time_s, frame.rgb.shape[1::-1]) for frame in video]
        assert {size_wh for _, _, size_wh in frames} == {video.info.size_wh}
    assert [index for index, _, _ in frames] == list(range(len(expected)))
    np.testing.assert_allclose([time_s for _, time_s, _ in frames], expected, atol=2e-6)


@pytest.mark.parametrize("clip", SENTENCES)
def test_a_clip_without_pictures_is_one_sentence(clip: str) -> None:
    path = shared_file(f"video/{clip}")
    with pytest.raises(SourceError) as refusal:
        open_source(str(path))
    assert str(refusal.value).startswith(f"{path} {SENTENCES[clip]}")
    assert "\n" not in str(refusal.value)


def test_gaps_of_two_seconds_stay_gaps() -> None:
    with open_video(shared_file("video/edge/vfr_gaps_2s.mp4")) as video:
        times_s = [frame.time_s for frame in video]
    assert (np.diff(times_s) > 1.9).sum() >= 3


@pytest.mark.packages
def test_a_clip_cut_in_the_middle_gives_what_came_before_and_says_where_it_ends() -> None:
    path = shared_file("video/edge/truncated_60pct.mp4")
    with open_video(path) as video:
        assert video.fault is None
        assert len(list(video)) == 288
        assert video.fault == (
            f"{path} is cut off: its pictures end at 12.0 s of the 19.7 s that it announces; "
            "everything before that was kept"
        )


@pytest.mark.packages
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    gaps=st.lists(st.integers(1, 3000), min_size=1, max_size=GREYS - 1),
    suffix=st.sampled_from((".mp4", ".mkv", ".mov")),
)
def test_times_that_were_written_are_read_back(
    tmp_path: Path, gaps: list[int], suffix: str
) -> None:
    ticks = np.cumsum([0, *gaps])
    path = write_clip(tmp_path / f"written{suffix}", ticks.tolist())
    with open_video(path) as video:
        read = [(index_in(frame.rgb), frame.time_s) for frame in video]
        assert video.fault is None
    assert [index for index, _ in read] == list(range(len(ticks)))
    np.testing.assert_allclose([time_s for _, time_s in read], ticks / 1000, atol=6e-4)


def test_frames_are_contiguous_and_cannot_be_written_to(tmp_path: Path) -> None:
    with open_video(write_clip(tmp_path / "a.mp4", [0, 40])) as video:
        for frame in video:
            assert frame.rgb.flags.c_contiguous
            assert not frame.rgb.flags.writeable
            assert frame.captured_s is None


@pytest.mark.parametrize(
    ("clip", "start_s", "end_s", "fps"),
    [
        ("edge/vfr_gaps_2s.mp4", 3.0, 12.0, None),
        ("edge/hevc.mp4", 2.0, 3.0, 7.0),
        ("edge/vp9.webm", 1.7, None, 3.0),
        ("edge/anim.gif", 1.0, 2.0, None),
        ("edge/mjpeg.avi", 4.5, None, None),
        ("demo/grid_bbaf2n.mpg", 1.0, 2.0, None),
        ("demo/pyfeat_face_noface.mov", 3.0, 4.0, None),
    ],
)
def test_a_part_holds_the_same_frames_as_the_whole(
    clip: str, start_s: float, end_s: float | None, fps: float | None
) -> None:
    path = shared_file(f"video/{clip}")
    with open_video(path) as whole:
        expected = {
            frame.index: (frame.time_s, frame.rgb)
            for frame in whole
            if start_s <= frame.time_s < (end_s or np.inf)
        }
    with open_video(path, start_s=start_s, end_s=end_s, fps=fps) as part:
        found = list(part)
    for frame in found:
        time_s, rgb = expected[frame.index]
        assert frame.time_s == pytest.approx(time_s, abs=2e-6)
        assert np.abs(frame.rgb.astype(int) - rgb).mean() < 0.5
    if fps is None:
        assert [frame.index for frame in found] == list(expected)
    else:
        slots = [int((frame.time_s + 1e-3) * fps) for frame in found]
        assert slots == list(range(slots[0], slots[0] + len(found)))


def missing(folder: Path) -> Path:
    return folder / "missing.mp4"


def empty(folder: Path) -> Path:
    (folder / "empty.mkv").touch()
    return folder / "empty.mkv"


def text(folder: Path) -> Path:
    (folder / "notes.txt").write_text("Tuesday: Grüße an alle\n" * 300, encoding="utf-8")
    return folder / "notes.txt"


def two_bytes(folder: Path) -> Path:
    (folder / "a.mp4").write_bytes(b"\xff\xfe")
    return folder / "a.mp4"


def noise(folder: Path) -> Path:
    (folder / "noise.avi").write_bytes(np.random.default_rng(0).bytes(50_000))
    return folder / "noise.avi"


def sound(folder: Path) -> Path:
    return write_sound(folder / "sound.m4a")


def before_its_index(folder: Path) -> Path:
    whole = write_clip(folder / "whole.mp4", range(0, 2000, 40)).read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: whole.index(b"moov") - 4])
    return folder / "cut.mp4"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (missing, "does not exist; check the name"),
        (Path, "is a folder, not a video"),
        (empty, "is empty; copy or record it again"),
        (text, "holds text, not a video"),
        (noise, "is not a video of any kind that FFmpeg knows, or is damaged from its start"),
        (two_bytes, "is not a video of any kind that FFmpeg knows, or is damaged from its start"),
        (sound, "has no video stream; is it a sound file?"),
        (before_its_index, "was cut off before its index (moov) was written"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_that_names_file_and_fault(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    path = make(tmp_path)
    with pytest.raises(SourceError) as refusal:
        open_video(path)
    assert str(refusal.value).startswith(f"{path} {sentence}")
    assert "\n" not in str(refusal.value)


def test_annotate_fails_on_each_with_status_1_and_writes_what_happened(tmp_path: Path) -> None:
    makers = (missing, empty, text, noise, sound, before_its_index)
    paths = [make(tmp_path) for make in makers]
    done = fer_live("annotate", *paths, "--out", tmp_path / "out", changes={"COLUMNS": "400"})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert all(path.name in done.stderr for path in paths)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"run.json", "index.html"}


@pytest.mark.packages
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_file_that_ends_early_keeps_everything_before(tmp_path: Path, suffix: str) -> None:
    ticks = list(range(0, 40_000, 40))
    data = write_clip(tmp_path / f"whole{suffix}", ticks).read_bytes()
    if suffix == ".mp4":  # its index comes last: cut the pictures out of the middle of the file
        index = data.index(b"moov") - 4
        data = data[: index // 2] + bytes(index - index // 2) + data[index:]
    else:
        data = data[: len(data) * 6 // 10]
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data)
    with open_video(path) as video:
        indices = [index_in(frame.rgb) for frame in video if frame.index < 400]
        assert video.fault is not None
        assert video.fault.startswith(f"{path} is ")
        assert "kept" in video.fault
    assert indices == [index % GREYS for index in range(400)]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"start_s": -1.0}, "the start is -1.0 s"),
        ({"start_s": 2.0, "end_s": 1.0}, "nothing would be read"),
        ({"fps": 0.0}, "give a number above 0"),
    ],
)
def test_a_part_that_makes_no_sense_is_refused(
    tmp_path: Path, wrong: dict[str, float], sentence: str
) -> None:
    path = write_clip(tmp_path / "a.mp4", [0, 40])
    with pytest.raises(SettingsError, match=sentence):
        open_video(path, **wrong)  # type: ignore[arg-type]  # names and values belong together


def test_a_part_behind_the_end_says_how_long_the_file_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", range(0, 1000, 40))
    with open_video(path, start_s=5.0) as video, pytest.raises(SourceError, match=r"at 1\.0 s"):
        list(video)


def test_a_name_like_an_address_is_still_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clip(tmp_path / "10:30 talk.mp4", [0, 40, 80])
    monkeypatch.chdir(tmp_path)
    with open_video("10:30 talk.mp4") as video:
        assert len(list(video)) == 3


def test_what_was_wrong_is_still_known_when_the_file_is_closed() -> None:
    with open_video(shared_file("cases/size_changes.mkv")) as video:
        list(video)
        said = video.fault
    assert said is not None
    assert video.fault == said
