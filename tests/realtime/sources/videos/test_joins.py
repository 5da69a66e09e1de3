"""Recordings pasted behind each other: sound and pictures stay on one clock."""

import itertools
from pathlib import Path

import pytest

from fer_live.errors import SourceError
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.sources import open_video
from tests.cases import independent
from tests.cases.independent import MIDDLE
from tests.matrix.cells import Cell
from tests.matrix.generator import FPS, FRAMES, write
from tests.support.tiny_models import tiny_bytes

pytestmark = independent.needs_ffmpeg
CELLS = (
    Cell("ts", "libx264", "aac"),
    Cell("ts", "mpeg2video", "mp2", "bframes"),
    Cell("mpg", "mpeg2video", "mp2"),
    Cell("vob", "mpeg2video", "ac3"),
)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_second_flash_has_its_beep_too(tmp_path: Path, cell: Cell) -> None:
    (tmp_path / "tiny.onnx").write_bytes(tiny_bytes())
    joined = tmp_path / f"joined.{cell.container}"
    joined.write_bytes(write(cell, tmp_path).read_bytes() * 2)
    settings = AnnotateSettings(model=str(tmp_path / "tiny.onnx"))
    (outcome,) = annotate([joined], tmp_path / "out", settings).outcomes
    assert (outcome.status, outcome.note) == ("done", None)
    video = tmp_path / "out" / f"{joined.name}.annotated.mp4"
    flashes, beeps = independent.flashes_s(video, where=MIDDLE), independent.beeps_s(video)
    assert len(flashes) == len(beeps) == 2
    assert [beep - flash for flash, beep in zip(flashes, beeps, strict=True)] == [
        pytest.approx(beeps[0] - flashes[0], abs=0.02)
    ] * 2


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_second_recording_goes_on_where_the_first_ends(tmp_path: Path, cell: Cell) -> None:
    joined = tmp_path / f"joined.{cell.container}"
    joined.write_bytes(write(cell, tmp_path).read_bytes() * 2)
    with open_video(joined) as video:
        times = [frame.time_s for frame in video]
    steps = [after - before for before, after in itertools.pairwise(times)]
    assert len(times) == 2 * FRAMES
    assert max(steps) < 3 / FPS
    assert min(steps) > 0


def test_a_clock_that_is_set_an_hour_forth_is_another_recording(tmp_path: Path) -> None:
    first = write(Cell("ts", "libx264", "aac"), tmp_path)
    late = tmp_path / "late.ts"
    independent.ffmpeg("-i", first, "-c", "copy", "-output_ts_offset", "20000", late)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + late.read_bytes())
    with open_video(joined) as video:
        times = [frame.time_s for frame in video]
    assert len(times) == 2 * FRAMES
    assert times[-1] < 2 * FRAMES / FPS + 0.2


def test_a_playlist_without_its_end_is_a_recording_that_was_cut_off(tmp_path: Path) -> None:
    playlist = write(Cell("m3u8", "libx264", "aac"), tmp_path)
    text = playlist.read_text().replace("#EXT-X-ENDLIST", "")
    playlist.write_text(text.replace("TARGETDURATION:2", "TARGETDURATION:1"))
    with open_video(playlist) as video:
        assert len(list(video)) == FRAMES


def test_a_playlist_whose_parts_are_gone_is_a_sentence(tmp_path: Path) -> None:
    playlist = write(Cell("m3u8", "libx264", "aac"), tmp_path)
    for part in tmp_path.glob("*.ts"):
        part.unlink()
    with pytest.raises(SourceError, match="is a playlist of which no part can be read"):
        open_video(playlist)


def test_a_broadcast_may_get_its_sound_later(tmp_path: Path) -> None:
    silent = write(Cell("ts", "libx264", "none"), tmp_path)
    sounding = write(Cell("ts", "libx264", "aac"), tmp_path)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(silent.read_bytes() * 20 + sounding.read_bytes())
    with open_video(joined) as video:
        assert len(list(video)) == 21 * FRAMES


def test_an_empty_packet_says_that_the_picture_before_still_shows(tmp_path: Path) -> None:
    """Theora does so; the pictures that are there are all, and nothing is damaged."""
    clip = write(Cell("ogv", "libtheora", "libvorbis"), tmp_path)
    with open_video(clip) as video:
        times = [frame.time_s for frame in video]
        assert video.fault is None
    assert times == pytest.approx(independent.picture_times(clip), abs=2e-6)
