"""The examples of the guide run as they stand."""

import re
from pathlib import Path

import cv2
import pytest

import fer_live
from fer_live.realtime.demo_clip import portrait, write_portrait_clip

ROOT = Path(__file__).parents[1]


def test_every_example_for_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    write_portrait_clip(tmp_path / "talk.mp4", (320, 180))
    cv2.imwrite(str(tmp_path / "face.png"), portrait()[:, :, ::-1])
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "guide" / "python.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) >= 7
    names: dict[str, object] = {}
    for number, example in enumerate(examples):
        exec(compile(example, f"python.md, example {number + 1}", "exec"), names)


def test_every_public_name_is_there_and_listed() -> None:
    for name in fer_live.__all__:
        assert getattr(fer_live, name) is not None
    assert set(fer_live.__all__) <= set(dir(fer_live))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = fer_live.no_such_name  # type: ignore[attr-defined]  # that it is refused is the point
