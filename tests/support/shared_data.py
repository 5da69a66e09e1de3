"""Where the tests find the data and clips that do not travel with the project."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("FER_LIVE_SHARED", Path(__file__).parents[3] / "shared"))


def shared_file(name: str) -> Path:
    """Return the path of a shared file or folder, or skip the test that asked for it."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not in {SHARED}; set FER_LIVE_SHARED to the folder that holds it")
    return path
