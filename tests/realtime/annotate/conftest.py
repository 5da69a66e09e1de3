"""What the tests of annotation share: a small model, and one clip that was annotated once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from fer_live.realtime.annotate import AnnotateSettings, Outcome, annotate
from fer_live.realtime.annotate.summary import read_summary
from tests.realtime.annotate.reference import table_rows
from tests.support.shared_data import shared_file
from tests.support.tiny_models import tiny_bytes


@pytest.fixture(scope="session", name="tiny")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the path of a model of one linear layer."""
    path = tmp_path_factory.mktemp("models") / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    return str(path)


@dataclass(frozen=True)
class Annotated:
    """One clip and all that was written of it."""

    clip: Path
    out: Path
    outcome: Outcome

    @property
    def target(self) -> str:
        """Path that every output begins with."""
        return str(self.out / self.clip.name)

    @property
    def rows(self) -> list[dict[str, str]]:
        """Rows of the table."""
        return table_rows(Path(f"{self.target}.faces.csv"))

    @property
    def summary(self) -> dict[str, object]:
        """The summary."""
        found = read_summary(Path(f"{self.target}.summary.json"))
        assert found is not None
        return found


@pytest.fixture(scope="session", name="talk")
def annotated_talk(tmp_path_factory: pytest.TempPathFactory, tiny: str) -> Annotated:
    """Give a clip of two faces, its first second annotated with everything."""
    clip = shared_file("video/edge/two_happyL_angryR.mp4")
    out = tmp_path_factory.mktemp("talk")
    report = annotate([clip], out, AnnotateSettings(model=tiny, end_s=1.0))
    return Annotated(clip, out, report.outcomes[0])


def only(tmp_path: Path, tiny: str, clip: str, **changes: object) -> tuple[Outcome, Path]:
    """Annotate one shared clip; return what became of it and what its outputs begin with."""
    settings = AnnotateSettings(**{"model": tiny, "video": False, **changes})  # type: ignore[arg-type]
    path = shared_file(f"video/{clip}")
    report = annotate([path], tmp_path / "out", settings)
    return report.outcomes[0], tmp_path / "out" / path.name
