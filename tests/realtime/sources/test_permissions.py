"""What this user may not open: files, pictures, folders and cameras."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534
TRY = """
import os, sys
from fer_live.errors import SourceError
from fer_live.realtime.sources import open_camera, open_pictures, open_video
opens = {"camera": open_camera, "pictures": open_pictures, "video": open_video}
if os.geteuid() == 0:  # root may open everything
    os.setgroups([])
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[3]))
try:
    opens[sys.argv[1]](sys.argv[2])
except SourceError as error:
    print(error)
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions are others there")


@pytest.fixture
def forbidden() -> Iterator[Path]:
    """A file that nobody may open, in a folder that everybody may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "video0"
        path.write_bytes(b"mine")
        path.chmod(0)
        yield path


def sentence(kind: str, path: Path) -> str:
    """Return what is said when this is opened by somebody who is not root."""
    command = [sys.executable, "-c", TRY, kind, str(path), str(NOBODY)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("kind", ["video", "pictures"])
def test_a_file_that_may_not_be_read_says_so(forbidden: Path, kind: str) -> None:
    assert sentence(kind, forbidden) == f"{forbidden} may not be read; change its permissions"


def test_a_folder_that_may_not_be_read_says_so(forbidden: Path) -> None:
    folder = forbidden.parent / "album"
    folder.mkdir()
    folder.chmod(0)
    assert sentence("pictures", folder) == f"{folder} may not be read; change its permissions"
    folder.chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="cameras have device files on Linux")
def test_a_camera_without_permission_names_the_device_and_the_group(forbidden: Path) -> None:
    assert sentence("camera", forbidden) == (
        f"camera {forbidden} may not be used by you: no permission to read and write {forbidden}; "
        "join the group that owns it (sudo usermod -aG video $USER) and log in again"
    )
