from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pytest

from fer_live.crop import CropGeometry
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.priors import prior_divisor
from fer_live.realtime.pipeline import Pipeline, PipelineSettings, cut_crops
from fer_live.realtime.results import Box, Face, Frame, FrameResult
from tests.support.tiny_models import tiny_bytes


class FixedFaces:
    """A finder that sees what the test says: the faces at each frame's index, then none."""

    def __init__(self, *frames: Sequence[Face]) -> None:
        self._frames = frames

    def find(self, frame: Frame) -> Sequence[Face]:
        return self._frames[frame.index] if frame.index < len(self._frames) else ()

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def face_at(x: float, y: float, scale: float = 2.0, follow_id: int = 1) -> Face:
    anchors = CropGeometry().anchors_px() * scale + (x, y)
    return Face(Box(x, y, x + 48 * scale, y + 48 * scale), anchors, 0.9, follow_id=follow_id)


def frames(count: int, gap_s: float = 0.04) -> Iterator[Frame]:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (200, 400, 3), np.uint8)
    for index in range(count):
        yield Frame(index, index * gap_s, picture)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> OnnxClassifier:
    path: Path = tmp_path_factory.mktemp("model") / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    return OnnxClassifier(str(path))


def run(pipeline: Pipeline, count: int, gap_s: float = 0.04) -> list[FrameResult]:
    return [pipeline.process(frame) for frame in frames(count, gap_s)]


def test_every_face_of_a_frame_gets_its_own_track_and_label(classifier: OnnxClassifier) -> None:
    both = [face_at(20, 20), face_at(220, 30, follow_id=2)]
    results = run(Pipeline(FixedFaces(both, both, both), classifier), 3)
    for result in results:
        assert [track.track_id for track in result.tracks] == [1, 2]
        for track in result.tracks:
            assert track.label == classifier.contract.labels[int(track.steady.argmax())]
            assert track.confidence == track.steady.max()
            assert track.raw.sum() == pytest.approx(1, abs=1e-5)
            assert track.first_s == 0.0


def test_a_frame_without_a_face_has_a_result_too(classifier: OnnxClassifier) -> None:
    results = run(Pipeline(FixedFaces(), classifier), 2)
    assert [result.tracks for result in results] == [(), ()]
    assert [result.frame_index for result in results] == [0, 1]
    assert results[0].times.total_ms > 0


def test_a_face_that_comes_back_late_starts_anew(classifier: OnnxClassifier) -> None:
    face = [face_at(20, 20)]
    seen = [face, face, *[[]] * 5, face]
    results = run(Pipeline(FixedFaces(*seen), classifier), 8, gap_s=0.5)
    assert results[1].tracks[0].track_id == 1
    assert results[7].tracks[0].track_id == 2
    assert results[7].tracks[0].first_s == 3.5


def test_the_frame_is_left_as_it_was(classifier: OnnxClassifier) -> None:
    frame = next(frames(1))
    before = frame.rgb.copy()
    frame.rgb.setflags(write=False)
    Pipeline(FixedFaces([face_at(20, 20)]), classifier).process(frame)
    np.testing.assert_array_equal(frame.rgb, before)


def test_the_prior_changes_the_labels_and_not_what_the_network_said(
    classifier: OnnxClassifier,
) -> None:
    face = [face_at(20, 20)]
    natural, balanced = (
        run(Pipeline(FixedFaces(face), classifier, PipelineSettings(prior=prior)), 1)[0].tracks[0]
        for prior in ("natural", "balanced")
    )
    np.testing.assert_array_equal(natural.raw, balanced.raw)
    ratio = balanced.steady / natural.steady * prior_divisor(classifier.contract, "balanced")
    np.testing.assert_allclose(ratio, ratio[0], rtol=0.02)


def test_all_faces_of_a_frame_are_one_batch(classifier: OnnxClassifier) -> None:
    frame = next(frames(1))
    shape = classifier.contract.input_shape
    assert cut_crops(frame, [], classifier.contract).shape == (0, *shape)
    crops = cut_crops(frame, [face_at(0, 0), face_at(100, 50)], classifier.contract)
    assert crops.shape == (2, *shape)
    assert crops.dtype == np.uint8
