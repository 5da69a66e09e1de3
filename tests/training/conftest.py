"""What tests of training share."""

from pathlib import Path

import pytest


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that begins empty and leaves the user's alone."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FER_LIVE_CACHE", str(folder))
    return folder
