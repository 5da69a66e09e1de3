"""`analyze`: the README's own example, and what it opens and closes."""

import contextlib
import io
import re
import threading
from pathlib import Path

import pytest

from fer_live.errors import DeviceError, ModelError, SourceError
from fer_live.labels import LABELS
from fer_live.realtime import analyze
from fer_live.realtime.faces import FaceSettings
from tests.realtime.annotate.reference import reference_times
from tests.shared_data import shared_file
from tests.tiny_models import tiny_bytes

ROOT = Path(__file__).parents[2]
CLIP = "video/demo/pyfeat_single_face.mp4"


@pytest.fixture(scope="module", name="tiny")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    return str(path)


def test_the_example_of_the_readme_prints_a_line_for_each_face_and_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    clip = shared_file(CLIP)
    (tmp_path / "talk.mp4").symlink_to(clip)
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {})
    lines = [line.split() for line in printed.getvalue().splitlines()]
    times_s = [float(time_s) for time_s, *_ in lines]
    assert times_s == pytest.approx(reference_times(clip), abs=1e-4)
    assert {number for _, number, _, _ in lines} == {"1"}
    assert {label for *_, label, _ in lines} <= set(LABELS)
    assert all(0 < float(confidence) <= 1 for *_, confidence in lines)


@pytest.mark.parametrize("how", [str, Path])
def test_a_file_gives_every_frame_in_order(tiny: str, how: type) -> None:
    clip = shared_file("video/edge/fps5.mp4")
    results = list(analyze(how(clip), model=tiny))
    assert [result.frame_index for result in results] == list(range(len(results)))
    assert [r.time_s for r in results] == pytest.approx(reference_times(clip), abs=1e-4)


def test_settings_reach_the_faces(tiny: str) -> None:
    clip = shared_file("video/edge/two_happyL_angryR.mp4")
    faces = FaceSettings(max_faces=1, blendshapes=True)
    result = next(analyze(clip, model=tiny, faces=faces))
    (track,) = result.tracks
    assert track.face.blendshapes is not None
    assert track.face.blendshapes.shape == (52,)


def test_leaving_the_loop_closes_everything(tiny: str) -> None:
    before = set(threading.enumerate())
    results = analyze(shared_file(CLIP), model=tiny)
    next(results)
    results.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(StopIteration):
        next(results)


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        ({"source": "no_such.mp4"}, SourceError, "no_such.mp4"),
        ({"model": "no_such"}, ModelError, "no model 'no_such'"),
        ({"device": "cuda"}, DeviceError, "device cpu"),
    ],
)
def test_nothing_is_opened_before_the_first_result_which_tells_what_is_wrong(
    wrong: dict[str, str], error: type[Exception], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    results = analyze(**{"source": str(shared_file(CLIP)), **wrong})  # type: ignore[arg-type]  # words of a Literal
    with pytest.raises(error, match=sentence):
        next(results)
