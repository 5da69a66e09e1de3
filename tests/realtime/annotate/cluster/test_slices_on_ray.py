"""A long clip in slices on a Ray cluster: the bytes of one piece, also when a machine is lost."""

import tempfile
from pathlib import Path

import pytest

from tests.cases.independent import ffmpeg, needs_ffmpeg
from tests.realtime.annotate.cluster.ray_cluster import raylets
from tests.realtime.annotate.cluster.test_ray import files, manifest, wait_until
from tests.support.running import PATIENCE_S, fer_live, starting
from tests.support.shared_data import shared_file

pytest.importorskip("ray", reason="pip install 'fer-live[ray]'")

TIMES = 12
SLICES = 8
"""Of a quarter of a minute, in twelve times ten seconds."""


@pytest.fixture(name="clip", scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    clip = tmp_path_factory.mktemp("long") / "long.mp4"
    source = shared_file("video/demo/hamilton_clip.mp4")
    encode = ("-an", "-c:v", "libx264", "-preset", "ultrafast", "-g", "90")
    ffmpeg("-stream_loop", str(TIMES - 1), "-i", source, *encode, clip)
    return clip


@needs_ffmpeg
@pytest.mark.long
@pytest.mark.timeout(900)
def test_slices_on_two_raylets_one_of_which_is_killed(
    clip: Path, tmp_path: Path, tiny: str
) -> None:
    words: list[str | Path] = ["annotate", clip, "--model", tiny, "--slice-minutes", "0.25"]
    one, two, ray = tmp_path / "one", tmp_path / "two", tmp_path / "ray"
    assert fer_live(*words, "--out", one).returncode == 0
    assert fer_live(*words, "--out", two, "--jobs", "2").returncode == 0
    assert files(two) == files(one)
    with (
        tempfile.TemporaryDirectory(prefix="ray-") as folder,
        raylets(Path(folder)) as cluster,
    ):
        where: list[str | Path] = ["--engine", "ray", "--address", cluster.address, "--out", ray]
        running = starting(*words, *where, changes=cluster.changes)
        kept = ray / f".{clip.name}.slices"
        wait_until(lambda: len(list(kept.glob("*.json"))) >= 3 and cluster.workers(1) != [])
        cluster.kill(1)
        _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, told
    assert files(ray) == files(one)
    (told_of_it,) = manifest(ray)["inputs"]
    assert told_of_it["slices"] == SLICES
    assert told_of_it["attempts"] == 2
    assert not kept.exists()
