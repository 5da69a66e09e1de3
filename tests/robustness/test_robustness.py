"""Kills and damaged files, a few; many by `make kills`, `make fuzz` and `make soak`."""

from pathlib import Path

import pytest

from tests.robustness.fuzz import Verdict, check_seeds, made, try_all
from tests.robustness.kills import killed_again_and_again, told
from tests.robustness.mutants import mutant
from tests.robustness.seeds import CLIPS, PICTURES, make_seeds
from tests.robustness.soak import judged, soaked
from tests.support.shared_data import shared_file

posix = pytest.mark.skipif("sys.platform != 'linux'", reason="/proc is Linux's")
FORMATS = [*CLIPS, *PICTURES, "onnx", "toml"]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    shared_file("video/edge/with_audio_track.mp4")
    return make_seeds(tmp_path_factory.mktemp("seeds"))


def test_a_mutant_is_the_same_each_time_and_seldom_the_whole_file() -> None:
    seed, others = bytes(range(256)) * 20, [b"other" * 1000]
    first = [mutant(seed, others, number) for number in range(200)]
    assert first == [mutant(seed, others, number) for number in range(200)]
    assert sum(data == seed for data in first) < 10
    assert len(set(first)) > 180


@posix
@pytest.mark.training
def test_damaged_files_of_every_format_are_annotated_or_refused_in_a_sentence(
    seeds: dict[str, Path], tmp_path: Path
) -> None:
    check_seeds(seeds)
    verdict = Verdict()
    try_all(list(made(seeds, FORMATS, iter(range(len(FORMATS))), tmp_path / "mutants")), verdict)
    assert verdict.tried == len(FORMATS)
    assert verdict.wrong == []


@posix
def test_killed_runs_lose_nothing(tmp_path: Path) -> None:
    shared_file("video")
    tally = killed_again_and_again(tmp_path, kills=3, clips=3, seed=1)
    assert tally.kills == 3
    assert tally.broken == [], told(tally)


@posix
@pytest.mark.long
@pytest.mark.timeout(1800)
def test_kills_again_and_again_lose_nothing(tmp_path: Path) -> None:
    shared_file("video")
    tally = killed_again_and_again(tmp_path, kills=40, clips=10, seed=2)
    assert tally.broken == [], told(tally)


@posix
@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_minutes_of_a_stream_with_a_fault_a_minute(tmp_path: Path) -> None:
    """Latency is judged by `make soak` alone, on a machine that does nothing else."""
    shared_file("video")
    broken = [one for one in judged(soaked(tmp_path, 600), 600) if not one.kept]
    assert [one for one in broken if "latency" not in one.promise] == []
