"""Files as people have them: each kind that once went wrong is right, by an independent decoder."""

from pathlib import Path

import pytest

from tests.cases.checks import CASES, Case
from tests.cases.independent import needs_ffmpeg
from tests.support.shared_data import shared_file


@needs_ffmpeg
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_a_file_as_people_have_it_is_right(case: Case, tmp_path: Path) -> None:
    case.right(shared_file(f"cases/{case.file}"), tmp_path / "out")
