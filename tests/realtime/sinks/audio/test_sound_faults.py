"""No fault of the sound costs the pictures; what could not be kept is said."""

from pathlib import Path

import numpy as np
import pytest

from fer_live.realtime.annotate import AnnotateSettings, Outcome, annotate
from tests.cases import independent
from tests.matrix.cells import Cell
from tests.matrix.generator import FRAMES, write
from tests.support.tiny_models import tiny_bytes

pytestmark = independent.needs_ffmpeg


@pytest.fixture(scope="module", name="model")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    return str(path)


def annotated(clip: Path, model: str) -> tuple[Outcome, Path]:
    """Annotate a clip, which has all of its frames afterwards; return the outcome and the video."""
    (outcome,) = annotate([clip], clip.parent / "out", AnnotateSettings(model=model)).outcomes
    assert outcome.status == "done", outcome.note
    video = clip.parent / "out" / f"{clip.name}.annotated.mp4"
    assert len(independent.picture_times(video)) == FRAMES
    return outcome, video


def replaced(path: Path, old: bytes, new: bytes) -> Path:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    return path


def test_sound_of_a_kind_that_nobody_knows_gives_a_silent_video_and_a_sentence(
    tmp_path: Path, model: str
) -> None:
    clip = write(Cell("mov", "libx264", "pcm_s16le"), tmp_path)
    outcome, video = annotated(replaced(clip, b"sowt", b"apac"), model)
    assert outcome.note == f"the sound of {clip} is of a kind that FFmpeg does not know"
    assert independent.codecs(video) == ["h264"]


def test_sound_of_which_nothing_decodes_gives_a_silent_video_and_a_sentence(
    tmp_path: Path, model: str
) -> None:
    clip = write(Cell("mov", "libx264", "adpcm_ima_qt"), tmp_path)
    outcome, video = annotated(replaced(clip, b"ima4", b"QDM2"), model)
    assert outcome.note is not None
    assert outcome.note.startswith(f"the sound of {clip} could not be kept at all")
    assert independent.codecs(video) == ["h264"]


def test_damage_in_the_middle_of_the_sound_costs_no_more_than_that(
    tmp_path: Path, model: str
) -> None:
    clip = write(Cell("avi", "mjpeg", "ac3"), tmp_path)
    data, noise = clip.read_bytes(), np.random.default_rng(0)
    for at in [at for at in range(len(data) // 3) if data[at : at + 4] == b"01wb"]:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        data = data[: at + 8] + noise.bytes(size) + data[at + 8 + size :]
    clip.write_bytes(data)
    outcome, video = annotated(clip, model)
    assert outcome.note is None or "sound" in outcome.note
    assert independent.codecs(video) == ["h264", "ac3"]


@pytest.mark.parametrize("rate", [8_000, 11_127, 96_000, 192_000])
def test_sound_of_any_rate_and_number_of_channels_is_kept(
    tmp_path: Path, model: str, rate: int
) -> None:
    whole = write(Cell("mov", "libx264", "pcm_s16le"), tmp_path)
    for channels in (1, 2, 3, 6, 8):
        clip = tmp_path / f"{channels}.mov"
        independent.ffmpeg(
            *("-i", whole, "-c:v", "copy", "-c:a", "pcm_s16le", "-ar", str(rate)),
            *("-ac", str(channels), clip),
        )
        outcome, video = annotated(clip, model)
        assert outcome.note is None, channels
        assert independent.codecs(video) == ["h264", "aac"]
        off = [independent.sound_behind_picture_s(p, independent.MIDDLE) for p in (clip, video)]
        assert abs(off[0] - off[1]) < 0.02


def test_a_part_behind_the_sound_is_silent_without_a_word(tmp_path: Path, model: str) -> None:
    whole = write(Cell("mkv", "libx264", "aac"), tmp_path)
    clip = tmp_path / "short_sound.mkv"
    independent.ffmpeg("-i", whole, "-c:v", "copy", "-af", "atrim=end=0.5", clip)
    settings = AnnotateSettings(model=model, start_s=1.0)
    (outcome,) = annotate([clip], tmp_path / "out", settings).outcomes
    assert (outcome.status, outcome.note) == ("done", None)
