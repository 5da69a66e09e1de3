"""Results made by hand or by hypothesis, for tests of what is done with them."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from fer_live.arrays import Probs
from fer_live.labels import LABELS
from fer_live.realtime.results import Box, Face, Frame, FrameResult, StageTimes, Track

NO_TIMES = StageTimes(0.0, 0.0, 0.0, 0.0, 0.0)


def made_probs(best: str, confidence: float) -> Probs:
    """Return probabilities over all labels, the rest of them shared by the others."""
    probs = np.full(len(LABELS), (1 - confidence) / (len(LABELS) - 1), np.float32)
    probs[LABELS.index(best)] = confidence
    return probs


def made_track(
    track_id: int,
    box: Box,
    *,
    label: str = "happy",
    confidence: float = 0.8,
    uncertain: bool = False,
    blendshapes: bool = False,
) -> Track:
    """Return a track whose face has its anchors where a face has them."""
    x0, y0, width, height = box.x0, box.y0, box.width_px, box.height_px
    places = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.8]])
    scores = np.linspace(0, 1, 52, dtype=np.float32) if blendshapes else None
    face = Face(box, places * (width, height) + (x0, y0), 0.97, blendshapes=scores)
    probs = made_probs(label, confidence)
    return Track(track_id, face, probs[::-1], probs, label, confidence, uncertain, 0.0)


def made_result(tracks: Sequence[Track], *, index: int = 0, time_s: float = 0.0) -> FrameResult:
    """Return the result of one frame."""
    return FrameResult(index, time_s, tuple(tracks), NO_TIMES)


def made_frame(
    *, index: int = 0, time_s: float = 0.0, size_wh: tuple[int, int] = (64, 48)
) -> Frame:
    """Return a gray frame."""
    return Frame(index, time_s, np.full((size_wh[1], size_wh[0], 3), 128, np.uint8))


def probabilities() -> st.SearchStrategy[Probs]:
    """Return a strategy for any (8,) distribution."""
    weights = st.lists(st.integers(0, 1000), min_size=8, max_size=8).filter(any)
    return weights.map(lambda w: (np.array(w) / sum(w)).astype(np.float32))


@st.composite
def tracks(draw: st.DrawFn, track_id: int) -> Track:
    """Return a strategy for any track with this number."""
    x0, y0 = (draw(st.floats(-500, 4000)) for _ in "xy")
    width, height = (draw(st.floats(1, 2000)) for _ in "wh")
    steady, raw = draw(probabilities()), draw(probabilities())
    best = int(steady.argmax())
    face = Face(
        Box(x0, y0, x0 + width, y0 + height),
        np.array([[x0, y0], [x0 + width, y0], [x0, y0 + height]]),
        draw(st.floats(0, 1)),
        blendshapes=draw(st.none() | st.just(np.linspace(0, 1, 52, dtype=np.float32))),
    )
    return Track(
        track_id, face, raw, steady, LABELS[best], float(steady[best]), draw(st.booleans()), 0.0
    )


@st.composite
def runs(draw: st.DrawFn) -> list[tuple[Frame, FrameResult]]:
    """Return a strategy for the frames and results of a short run."""
    run = []
    time_s = 0.0
    for index in range(draw(st.integers(0, 6))):
        time_s += draw(st.floats(0, 5))
        ids = draw(st.sets(st.integers(1, 9), max_size=3))
        seen = [draw(tracks(track_id)) for track_id in sorted(ids)]
        frame = made_frame(index=index, time_s=time_s)
        run.append((frame, made_result(seen, index=index, time_s=time_s)))
    return run
