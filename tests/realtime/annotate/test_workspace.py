"""Where outputs are made: what is left behind, and what never is."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fer_live.errors import SinkError
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.workspace import Workspace, clear_leftovers

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
    assert not job.target.parents[1].exists(), "not even the folders that were made for it"


def test_a_living_run_is_not_disturbed(job: Job) -> None:
    with Workspace(job) as work:
        fill(work)
        with (
            pytest.raises(SinkError, match="another run is annotating"),
            Workspace(job, patience_s=0.2),
        ):
            pass
        assert work.publish(SUFFIXES)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_what_a_killed_run_left_is_cleared_away(job: Job) -> None:
    program = f"""
        import sys
        from pathlib import Path
        from fer_live.realtime.annotate.inputs.jobs import Job
        from fer_live.realtime.annotate.workspace import Workspace, clear_leftovers
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


def test_another_run_that_ends_soon_is_waited_for(job: Job) -> None:
    waited = 0

    def alive() -> None:
        nonlocal waited
        waited += 1
        if waited == 3:
            other.__exit__(None, None, None)

    other = Workspace(job)
    other.__enter__()
    with Workspace(job, alive=alive) as work:
        fill(work)
        assert work.publish(SUFFIXES)
    assert waited == 3
    assert names(job) == ["talk.mp4.faces.csv", "talk.mp4.summary.json"]


KILLED_AT = """
import os, signal, sys
from pathlib import Path
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.workspace import Workspace

left = {changes}

def count(event, words):
    global left
    if event in ("os.rename", "os.remove"):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

with Workspace(Job(Path({source!r}), Path({target!r}))) as work:
    for suffix in {suffixes}:
        work.path(suffix).write_text("whole")
    sys.addaudithook(count)
    work.publish({suffixes}, replacing=(*{suffixes}, ".annotated.mp4"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
@pytest.mark.parametrize("changes", range(7))
def test_publishing_that_a_kill_cut_short_is_gone_on_with(job: Job, changes: int) -> None:
    """The killed run had moved or removed so many files; the next one does the rest."""
    job.target.parent.mkdir(parents=True)
    for suffix in (*SUFFIXES, ".annotated.mp4"):
        job.output(suffix).write_text("of another making")
    program = KILLED_AT.format(
        changes=changes, source=str(job.source), target=str(job.target), suffixes=SUFFIXES
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    with Workspace(job):
        pass
    texts = {job.output(suffix).read_text() for suffix in SUFFIXES}
    if changes == 0:  # not even the mark was there: nothing of the old was touched
        assert texts == {"of another making"}
        assert len(names(job)) == 3
    else:
        assert texts == {"whole"}
        assert len(names(job)) == 2


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
@pytest.mark.parametrize("changes", range(1, 8))
def test_a_folder_of_crops_is_published_whole_though_killed(job: Job, changes: int) -> None:
    """Crops of a run before are replaced, those that were made now are all there in the end."""
    old, new = (job.output(".crops") / f"track001_frame00000{k}.jpg" for k in (0, 1))
    old.parent.mkdir(parents=True)
    old.write_text("old")
    program = KILLED_AT.format(
        changes=changes,
        source=str(job.source),
        target=str(job.target),
        suffixes=(".crops", ".summary.json"),
    ).replace(
        "    for suffix in",
        "    work.path('.crops').mkdir()\n"
        f"    (work.path('.crops') / {new.name!r}).write_text('new')\n"
        "    for suffix in ('.summary.json',) or",
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    with Workspace(job):
        pass
    assert [path.read_text() for path in old.parent.iterdir()] == ["new"]
    assert names(job) == ["talk.mp4.crops", "talk.mp4.summary.json"]


@pytest.mark.parametrize("mark", ["", "{", "[]", '{"publish": 5, "remove": []}', "\udcff"])
def test_a_mark_that_cannot_be_read_moves_nothing(job: Job, mark: str) -> None:
    folder = job.target.with_name(".talk.mp4.unfinished")
    folder.mkdir(parents=True)
    (folder / "talk.mp4.publishing").write_text(mark, errors="surrogateescape")
    (folder / "talk.mp4.faces.csv").write_text("half")
    with Workspace(job) as work:
        fill(work)
        work.publish(SUFFIXES)
    assert {job.output(suffix).read_text() for suffix in SUFFIXES} == {"whole"}


@pytest.mark.skipif(os.name == "nt", reason="nothing is locked there")
def test_left_overs_of_other_inputs_are_cleared_unless_somebody_is_at_work(job: Job) -> None:
    folder = job.target.parent
    other = Job(job.source, folder / "other.mp4")
    (folder / ".gone.mp4.unfinished").mkdir(parents=True)
    (folder / ".gone.mp4.unfinished" / "gone.mp4.spool").write_text("half")
    (folder / ".mine.unfinished").mkdir()
    (folder / ".mine.unfinished" / "letters.txt").write_text("not yours")
    with Workspace(other):
        clear_leftovers([folder, folder / "not there"])
        assert names(job) == [".mine.unfinished", ".other.mp4.unfinished"]


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
def test_a_link_in_its_place_is_replaced_and_what_it_leads_to_is_left_alone(
    job: Job, tmp_path: Path
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("not yours")
    job.target.parent.mkdir(parents=True)
    job.target.with_name(".talk.mp4.unfinished").symlink_to(tmp_path / "letters")
    with Workspace(job) as work:
        fill(work)
        work.publish(SUFFIXES)
    assert (tmp_path / "letters" / "one.txt").read_text() == "not yours"
    assert names(job) == ["talk.mp4.faces.csv", "talk.mp4.summary.json"]


def test_a_place_that_refuses_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder is needed")
    job = Job(tmp_path / "talk.mp4", tmp_path / "out" / "talk.mp4")
    with pytest.raises(SinkError, match=r"out.* cannot be written"), Workspace(job):
        pass
