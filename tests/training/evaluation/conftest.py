"""A small data set and a run to score on it."""

from pathlib import Path

import pytest

from tests.support.training_runs import small_data, small_run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return small_data(tmp_path / "data")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return small_run(tmp_path / "runs")
