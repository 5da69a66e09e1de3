"""Animations and files of several pages as sources, and what they may take."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from fer_live.errors import SourceError
from fer_live.realtime.sources import (
    Choices,
    Limits,
    open_pictures,
    open_source,
)
from fer_live.realtime.sources.picture_files import MOVING_BYTES
from tests.realtime.sources.clips import grey_picture, index_in

pytestmark = pytest.mark.packages


READ_AND_TELL_PEAK = """
import sys
from pathlib import Path
from fer_live.realtime.sources import open_pictures

def kilobytes(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))

before = kilobytes("VmRSS")
with open_pictures(Path(sys.argv[1])) as source:
    for frame in source:
        pass
print(kilobytes("VmHWM") - before)
"""


def animated(path: Path, shown_ms: list[int], **options: Any) -> Path:
    """Write an animation of greys with Pillow, each picture shown for its own time."""
    pictures = [PIL.Image.fromarray(grey_picture(index)) for index in range(len(shown_ms))]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=shown_ms, **options)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.webp", {"lossless": True}), ("a.png", {}), ("a.avif", {"quality": 95})],
)
def test_every_picture_of_an_animation_shows_when_it_says(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    path = animated(tmp_path / name, [200, 400, 100, 300], **options)
    with open_source(str(path)) as source:
        shown = [(frame.index, frame.time_s, index_in(frame.rgb)) for frame in source]
        assert source.fault is None
    assert shown == [
        (0, 0.0, 0),
        (1, 0.2, 1),
        (2, pytest.approx(0.6), 2),
        (3, pytest.approx(0.7), 3),
    ]


def test_pages_of_a_tiff_are_a_second_apart(tmp_path: Path) -> None:
    path = animated(tmp_path / "a.tiff", [0, 0, 0])
    with open_source(str(path)) as source:
        assert [(f.index, f.time_s, index_in(f.rgb)) for f in source] == [
            (0, 0.0, 0),
            (1, 1.0, 1),
            (2, 2.0, 2),
        ]


def test_an_animation_that_is_cut_off_keeps_what_came_before(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [PIL.Image.fromarray(rng.integers(0, 255, (48, 64, 3), np.uint8)) for _ in range(6)]
    path = tmp_path / "a.tiff"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], compression="tiff_deflate")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with open_source(str(path)) as source:
        assert 1 <= len(list(source)) < 6
        assert source.fault is not None
        assert "every picture before that was kept" in source.fault


def test_an_animation_is_read_up_to_the_limit_of_time(tmp_path: Path) -> None:
    path = animated(tmp_path / "a.png", [60_000] * 4)
    with open_pictures(path, choices=Choices(limits=Limits(hours=0.02))) as source:
        assert [frame.time_s for frame in source] == [0.0, 60.0]
        assert source.fault is not None
        assert "--limit-hours" in source.fault


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.gif", "a.avif", "a.tiff", "a.heic"])
def test_an_animation_that_takes_too_much_memory_is_refused_before_it_is_decoded(
    tmp_path: Path, name: str
) -> None:
    if name == "a.heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    path = animated(tmp_path / name, [100, 100])
    few = Choices(limits=Limits(memory=0.05))
    with pytest.raises(SourceError, match=r"MB to decode, more than .* with --limit-memory"):
        open_pictures(path, choices=few)
    with open_pictures(path) as source:
        assert len(list(source)) == 2


def test_a_canvas_that_a_header_claims_is_refused_before_it_is_reserved(tmp_path: Path) -> None:
    data = bytearray(animated(tmp_path / "a.webp", [100, 100]).read_bytes())
    data[24:30] = (59_999).to_bytes(3, "little") * 2
    (tmp_path / "a.webp").write_bytes(data)
    with pytest.raises(SourceError, match=r"60000x60000, more than the limit of 64 megapixels"):
        open_source(str(tmp_path / "a.webp"))


@pytest.mark.skipif("sys.platform != 'linux'", reason="/proc is Linux's")
def test_an_animation_takes_no_more_memory_than_is_said(tmp_path: Path) -> None:
    """Once, 42 bytes a pixel were taken to put one over white."""
    width, height = 4000, 3000
    picture = PIL.Image.new("RGBA", (width, height), (200, 30, 30, 128))
    picture.save(tmp_path / "a.webp", save_all=True, append_images=[picture.rotate(1)], method=0)
    peak = subprocess.run(
        [sys.executable, "-c", READ_AND_TELL_PEAK, tmp_path / "a.webp"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert float(peak) * 1024 < MOVING_BYTES * width * height
