"""Where outputs are made: what is left behind, and what never is."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fer_live.errors import SinkError
from fer_live.realtime.annotate.inputs import Job
from fer_live.realtime.annotate.workspace import Workspace

SUFFIXES = (".faces.csv", ".summary.json")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "talk.mp4", tmp_path / "out" / "deep" / "talk.mp4")


def fill(work: Workspace) -> None:
    for suffix in SUFFIXES:
        work.path(suffix).write_text("whole")


def names(job: Job) -> list[str]:
    return sorted(path.name for path in job.target.parent.iterdir())


def test_outputs_appear_when_they_are_published(job: Job) -> None:
    with Workspace(job) as work:
        fill(work)
        assert not job.output(".summary.json").exists()
        assert work.publish(SUFFIXES) == tuple(map(job.output, SUFFIXES))
    assert names(job) == ["talk.mp4.faces.csv", "talk.mp4.summary.json"]


def interrupted(job: Job) -> None:
    with Workspace(job) as work:
        fill(work)
        raise KeyboardInterrupt


def test_an_error_leaves_nothing(job: Job) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(job)
    assert names(job) == []


def test_a_living_run_is_not_disturbed(job: Job) -> None:
    with Workspace(job) as work:
        fill(work)
        with pytest.raises(SinkError, match="another run is annotating"), Workspace(job):
            pass
        assert work.publish(SUFFIXES)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_what_a_killed_run_left_is_cleared_away(job: Job) -> None:
    program = f"""
        import sys
        from pathlib import Path
        from fer_live.realtime.annotate.inputs import Job
        from fer_live.realtime.annotate.workspace import Workspace
        with Workspace(Job(Path({str(job.source)!r}), Path({str(job.target)!r}))) as work:
            work.path(".faces.csv").write_text("half")
            print("working", flush=True)
            sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "working\n"
        other.send_signal(signal.SIGKILL)
    assert names(job) == [".talk.mp4.unfinished"]
    with Workspace(job) as work:
        assert not work.path(".faces.csv").exists()
    assert names(job) == []


def test_a_place_that_refuses_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder is needed")
    job = Job(tmp_path / "talk.mp4", tmp_path / "out" / "talk.mp4")
    with pytest.raises(SinkError, match=r"out.* cannot be written"), Workspace(job):
        pass
