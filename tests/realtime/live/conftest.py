from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_live.realtime.demo_clip import write_portrait_clip
from tests.realtime.live.desktop import Desktop, virtual_desktop
from tests.realtime.sources.streams.servers import Server, motion_jpeg, served
from tests.support.tiny_models import tiny_bytes


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven seconds, 640 x 360 at 25 frames a second, with one face, two, and none at the end."""
    pytest.importorskip("skimage", reason="the portrait comes with scikit-image (extra demo)")
    path = tmp_path_factory.mktemp("clip") / "portrait.mp4"
    write_portrait_clip(path)
    return path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file that knows nothing but keeps the contract."""
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    return path


@pytest.fixture
def server() -> Iterator[Server]:
    """A camera in the network that goes on for ever."""
    with served(motion_jpeg) as found:
        yield found


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with virtual_desktop() as found:
        yield found
