"""Processes that are killed, crash, hang or lose the one that began them."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import repeat
from pathlib import Path

import pytest

from fer_live.realtime.annotate.batch.workers import STALLED_S, Crew, Death, Tell
from tests.support.running import environment

ROOT = Path(__file__).parents[4]
posix = pytest.mark.skipif(os.name == "nt", reason="signals are others there")


def do(task: str, tell: Tell) -> str:
    """Do what a word says."""
    tell(0.0)
    deeds: dict[str, Callable[[], object]] = {
        "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "crashed": os.abort,
        "left": lambda: os._exit(3),
        "hung": lambda: time.sleep(1000),
        "endless": lambda: any(map(tell, repeat(0.1))),
        "deaf": lambda: time.sleep(1000),
    }
    deeds.get(task, lambda: None)()
    return f"{task} by {os.getpid()}"


def ends(tasks: list[str], at_once: int, *, stalled_s: float = STALLED_S) -> dict[str, str | Death]:
    """Return how each task ended."""
    found: dict[str, str | Death] = {}
    with Crew(do, at_once, stalled_s=stalled_s) as crew:
        for index, news in crew.work_off(tasks):
            if not isinstance(news, float):
                assert tasks[index] not in found, "told twice"
                found[tasks[index]] = news
    return found


@posix
@pytest.mark.parametrize("at_once", [1, 2])
def test_the_death_of_a_process_costs_its_own_task_only(at_once: int) -> None:
    found = ends(["a", "killed", "b", "crashed", "left", "c"], at_once)
    for word in "abc":
        assert str(found[word]).startswith(f"{word} by ")
    assert found["killed"] == Death(-signal.SIGKILL)
    assert found["crashed"] == Death(-signal.SIGABRT)
    assert found["left"] == Death(3)


def test_a_process_that_lives_on_does_several_tasks() -> None:
    found = ends(["a", "b", "c"], 1)
    assert len({str(done).split()[-1] for done in found.values()}) == 1


@posix
def test_a_process_that_says_nothing_any_more_is_ended() -> None:
    found = ends(["hung", "a"], 1, stalled_s=8.0)
    assert found["hung"] == Death(-signal.SIGKILL, stalled=True)
    assert str(found["a"]).startswith("a by ")


def worked_off(crew: "Crew[str, str]", tasks: list[str], stop_when: Callable[[int], bool]) -> None:
    """Work until so much news has come that it is to be stopped."""
    heard = 0

    def watch() -> None:
        if stop_when(heard):
            raise KeyboardInterrupt

    with crew:
        for _ in crew.work_off(tasks, watch=watch):
            heard += 1


def test_what_is_watched_may_end_the_work_and_every_process_with_it() -> None:
    crew = Crew(do, 2)
    with pytest.raises(KeyboardInterrupt):
        worked_off(crew, ["endless", "endless"], lambda heard: heard > 3)
    assert [worker.process.exitcode for worker in crew._workers] == [0, 0]


@posix
def test_one_that_does_not_listen_is_ended_all_the_same() -> None:
    crew = Crew(do, 1, leave_s=0.5)
    begun_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        worked_off(crew, ["deaf"], lambda heard: time.monotonic() - begun_s > 2)
    assert [worker.process.exitcode for worker in crew._workers] == [-signal.SIGKILL]


def leave_a_note() -> None:
    """Write a note by a thread, which Python begins no more once it is shutting down."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Path(os.environ["NOTE"]).write_text, "closed").result()


@pytest.mark.parametrize("words", [["a", "b"], ["endless"]])
def test_what_is_to_be_done_at_the_end_is_done_while_threads_can_be_begun(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTE", str(tmp_path / "note"))
    crew = Crew(do, 1, at_end=leave_a_note)
    with suppress(KeyboardInterrupt):
        worked_off(crew, words, lambda heard: heard > 3)
    assert (tmp_path / "note").read_text() == "closed"


def hold_the_lock(task: Path, tell: Tell) -> None:
    """Say who this is, then never let go of Python's lock: a pattern that takes for ever."""
    task.write_text(str(os.getpid()))
    re.match("(a+)+$", "a" * 64 + "b")


FIRST = """
from pathlib import Path
from fer_live.realtime.annotate.batch.workers import Crew
from tests.realtime.annotate.batch.test_workers import hold_the_lock
if __name__ == "__main__":
    with Crew(hold_the_lock, 1) as crew:
        list(crew.work_off([Path({path!r})]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process ends when it can")
def test_a_process_ends_with_the_one_that_began_it_whatever_it_is_doing(tmp_path: Path) -> None:
    note, script = tmp_path / "pid", tmp_path / "first.py"
    script.write_text(textwrap.dedent(FIRST.format(path=str(note))))
    here = environment({"PYTHONPATH": str(ROOT)})
    with subprocess.Popen([sys.executable, str(script)], env=here) as first:
        wait_until(lambda: note.exists() and note.read_text() != "")
        worker = int(note.read_text())
        first.kill()
    try:
        wait_until(lambda: not is_alive(worker), seconds=5)
    finally:
        if is_alive(worker):
            os.kill(worker, signal.SIGKILL)


def is_alive(process: int) -> bool:
    """Whether it runs; one that is dead but was not asked for its end does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(true: Callable[[], bool], *, seconds: float = 60) -> None:
    """Look again and again."""
    give_up_s = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up_s
        time.sleep(0.02)
