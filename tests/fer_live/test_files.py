"""A file is whole under its name, or it is as it was before."""

import errno
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from fer_live.errors import SinkError
from fer_live.files import disk_fault, published, write_whole


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    write_whole(path, "first")
    write_whole(path, b"second")
    assert path.read_text() == "second"
    assert [one.name for one in path.parent.iterdir()] == ["a.txt"]


def test_a_caller_that_raises_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("older")
    with pytest.raises(ZeroDivisionError), published(path, b"newer") as unproved:
        _ = len(unproved.read_text()) // 0
    assert path.read_text() == "older"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "a.txt").symlink_to(tmp_path / "there" / "b.txt")
    write_whole(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "there" / "b.txt").read_text() == "text"


def test_a_disk_that_takes_no_more_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"older")
    code = (
        "import sys; from pathlib import Path; from fer_live.files import write_whole\n"
        "write_whole(Path(sys.argv[1]), bytes(100_000))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    assert f"SinkError: {path} cannot be written: File too large" in done.stderr
    assert path.read_bytes() == b"older"
    assert [one.name for one in tmp_path.iterdir()] == ["a.bin"]


def test_a_folder_where_a_file_lies_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="cannot be written"):
        write_whole(tmp_path / "file" / "a.txt", "text")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "a file cannot be written: No space"),
        (OSError(errno.EROFS, "Read-only file system", "a.png"), "a.png cannot be written: Read"),
        (PermissionError(errno.EACCES, "Permission denied", "a"), "a cannot be opened: Permission"),
    ],
)
def test_what_the_disk_refuses_a_library_is_said(error: OSError, sentence: str) -> None:
    assert (disk_fault(error) or "").startswith(sentence)


def test_an_error_about_something_else_is_left_alone() -> None:
    assert disk_fault(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")) is None
