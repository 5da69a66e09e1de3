"""The progress bar's figures."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.realtime.annotate.batch.progress import Estimate
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.report import Outcome


def sized_jobs(folder: Path, *sizes: int) -> list[Job]:
    jobs = []
    for number, size in enumerate(sizes):
        path = folder / f"{number}.mp4"
        path.write_bytes(b"x" * size)
        jobs.append(Job(path, folder / "out" / path.name))
    return jobs


def test_a_large_file_weighs_more(tmp_path: Path) -> None:
    jobs = sized_jobs(tmp_path, 900, 100)
    estimate = Estimate(jobs)
    assert estimate.tell(0, 0.5, 10.0).fraction == pytest.approx(0.45)
    told = estimate.tell(1, 1.0, 11.0)
    assert told.fraction == pytest.approx(0.55)
    assert told.left_s == pytest.approx(9.0)


def test_what_was_skipped_does_not_make_the_rest_look_quick(tmp_path: Path) -> None:
    jobs = sized_jobs(tmp_path, 500, 500)
    estimate = Estimate(jobs)
    skipped = estimate.finish(0, Outcome(jobs[0].source, "skipped"), 0.1)
    assert (skipped.fraction, skipped.left_s, skipped.finished) == (0.5, None, 1)
    assert estimate.tell(1, 0.5, 10.1).left_s == pytest.approx(10.1)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1)), max_size=30))
def test_progress_never_goes_back(
    tmp_path_factory: pytest.TempPathFactory, news: list[tuple[int, float]]
) -> None:
    jobs = sized_jobs(tmp_path_factory.mktemp("x"), 0, 10, 1000)
    estimate = Estimate(jobs)
    fractions = [estimate.tell(index, part, 1.0).fraction for index, part in news]
    assert fractions == sorted(fractions)
    assert all(0 <= fraction <= 1 for fraction in fractions)
