"""A video whose writing is stopped, or cannot go on, keeps what it has and says why."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_live.errors import SinkError
from fer_live.realtime.sinks.video import VideoWriter
from tests.realtime.sinks.written import (
    NOBODY,
    SMALL,
    WITHIN_S,
    times_before_damage,
    times_of,
)
from tests.support.disks import mounted
from tests.support.made_results import made_frame

NOISE_WRITER = textwrap.dedent("""
    import resource, signal, sys
    from itertools import count
    from pathlib import Path
    import numpy as np
    from fer_live.errors import SinkError
    from fer_live.realtime.results import Frame, FrameResult, SourceInfo
    from fer_live.realtime.sinks.video import VideoWriter

    signal.signal(signal.SIGINT, signal.default_int_handler)  # not ignored, as in background
    path, limit = Path(sys.argv[1]), int(sys.argv[2])
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    noise = np.random.default_rng(0).integers(0, 256, (8, 240, 320, 3), np.uint8)
    try:
        with VideoWriter(path, SourceInfo("noise", (320, 240))) as video:
            for n in count():
                video.write(Frame(n, n / 10, noise[n % 8]), None)
                if n == 200:
                    print("written", flush=True)
    except SinkError as error:
        print(error)
    except KeyboardInterrupt:
        print("interrupted")
""")


@pytest.fixture(name="noise_writer")
def start_noise_writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Give a process that writes pictures without end, the first 200 being in the file."""
    with subprocess.Popen(
        [sys.executable, "-c", NOISE_WRITER, str(tmp_path / "v.mp4"), "0"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        yield process
        process.kill()


def test_an_interrupted_recording_can_be_played_to_its_end(
    tmp_path: Path, noise_writer: subprocess.Popen[str]
) -> None:
    noise_writer.send_signal(signal.SIGINT)
    assert noise_writer.wait(30) == 0
    times = times_of(tmp_path / "v.mp4")
    assert len(times) > 200
    assert np.diff(times) == pytest.approx(0.1, abs=2 * WITHIN_S)


def test_a_killed_recording_can_be_played_but_for_its_last_seconds(
    tmp_path: Path, noise_writer: subprocess.Popen[str]
) -> None:
    noise_writer.send_signal(signal.SIGKILL)
    noise_writer.wait(30)
    times = times_before_damage(tmp_path / "v.mp4")
    assert times[-1] > 10
    assert np.diff(times) == pytest.approx(0.1, abs=2 * WITHIN_S)


def run_noise_writer(path: Path, limit: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", NOISE_WRITER, str(path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_file_that_may_not_grow_is_one_sentence_and_can_be_played(tmp_path: Path) -> None:
    run = run_noise_writer(tmp_path / "v.mp4", 1_000_000)
    assert run.stdout == f"{tmp_path / 'v.mp4'} cannot be written: file too large\n"
    assert "Traceback" not in run.stderr
    assert len(times_before_damage(tmp_path / "v.mp4")) > 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "size=1m") as disk:
        yield disk


def test_a_full_disk_is_one_sentence_and_leaves_what_can_be_played(small_disk: Path) -> None:
    run = run_noise_writer(small_disk / "v.mp4")
    assert run.stdout == f"{small_disk / 'v.mp4'} cannot be written: no space left on device\n"
    assert "Traceback" not in run.stderr
    assert len(times_before_damage(small_disk / "v.mp4")) > 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_disk_that_is_full_when_all_is_written_out_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").symlink_to("/dev/full")
    video = VideoWriter(tmp_path / "v.mp4", SMALL)
    video.write(made_frame(), NOBODY)
    with pytest.raises(SinkError, match=r"v\.mp4 cannot be written: no space left on device"):
        video.close()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_refuses_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(SinkError, match=r"v\.mp4 cannot be written: permission denied"):
        VideoWriter(tmp_path / "v.mp4", SMALL)


def test_a_file_where_a_folder_should_be_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("a file", encoding="utf-8")
    with pytest.raises(SinkError, match=r"v\.mp4 cannot be written"):
        VideoWriter(tmp_path / "plain" / "v.mp4", SMALL)


def test_an_unknown_ending_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"v\.avi.*\.mp4, \.m4v, \.mov, \.mkv"):
        VideoWriter(tmp_path / "v.avi", SMALL)


def test_a_video_without_a_picture_leaves_no_file(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", SMALL):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_video_never_has_the_finished_name(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "v.mp4", SMALL, atomic=True) as video:
        video.write(made_frame(), NOBODY)
        assert not (tmp_path / "v.mp4").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"]


def test_a_picture_of_another_size_is_the_callers_mistake(tmp_path: Path) -> None:
    with (
        VideoWriter(tmp_path / "v.mp4", SMALL) as video,
        pytest.raises(ValueError, match=r"expected a picture of \(64, 48\), got \(48, 64\)"),
    ):
        video.write(made_frame(size_wh=(48, 64)), NOBODY)
