"""Container x video codec x sound codec x peculiarity, held against the command `ffmpeg`."""

from pathlib import Path

import pytest

from tests.cases.independent import needs_ffmpeg
from tests.matrix.cells import Cell, all_cells, quick_cells
from tests.matrix.checks import hold
from tests.matrix.generator import write
from tests.support.tiny_models import tiny_bytes

pytestmark = needs_ffmpeg


def held(cell: Cell, folder: Path) -> None:
    """Write the clip of a cell and check what comes of it; skip where it cannot be made here."""
    model = folder / "tiny.onnx"
    model.write_bytes(tiny_bytes())
    try:
        source = write(cell, folder)
    except RuntimeError as error:
        pytest.skip(f"this ffmpeg does not make it: {error}")
    hold(cell, source, folder / "out", str(model))


@pytest.mark.parametrize("cell", quick_cells(), ids=str)
def test_a_file_is_read_and_drawn_as_ffmpeg_shows_it(cell: Cell, tmp_path: Path) -> None:
    held(cell, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("cell", list(all_cells()), ids=str)
def test_every_file_is_read_and_drawn_as_ffmpeg_shows_it(cell: Cell, tmp_path: Path) -> None:
    held(cell, tmp_path)
