"""What pages cost: time of `annotate` with and without, in turns; size and speed of a long page.

    python -m benchmarks.report talk.mp4 --rounds 3 --frames 10000

The processor's time is counted, in which other programs have no part. The long page holds two
people in every frame, their probabilities made up; Chromium opens it from disk and drags the time
through it, and says how long both took: that is the time that passes, so a busy machine counts.
"""

import argparse
import shutil
import statistics
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from fer_live.bundle import DEFAULT_MODEL
from fer_live.labels import LABELS
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.annotate.pages import (
    ClipFacts,
    Collector,
    page_measures,
    write_clip_page,
)
from fer_live.realtime.results import Box, Face, FrameResult, StageTimes, Track

FPS: Final = 25
PEOPLE: Final = 2
DRAGS: Final = 200
OPENED: Final = """
() => new Promise((done) => {
  const look = () => document.querySelector(".plot .head") === null
    ? setTimeout(look, 5)
    : requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0));
  look();
})
"""
"""Milliseconds from the navigation until the first plot is on the screen."""
DRAG: Final = """
async (steps) => {
  const slider = document.getElementById("time"), begun = performance.now();
  let longest = 0, last = begun;
  for (let k = 0; k < steps; k++) {
    slider.value = Number(slider.max) * k / steps;
    slider.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  return [(last - begun) / steps, longest];
}
"""


def used_s(clip: Path, *, report: bool) -> float:
    """Return the processor's time of one annotation, in seconds."""
    with TemporaryDirectory() as out:
        begun_s = time.process_time()
        annotate([clip], Path(out), AnnotateSettings(model=DEFAULT_MODEL, report=report))
        return time.process_time() - begun_s


def cost(clip: Path, rounds: int) -> None:
    """Print the ratio of annotating with and without a page."""
    turns = [(used_s(clip, report=True), used_s(clip, report=False)) for _ in range(rounds)]
    ours, without = (statistics.median(column) for column in zip(*turns, strict=True))
    each = ", ".join(f"{a / b:.3f}" for a, b in turns)
    print(
        f"{clip.name}: {ours:.2f} s with a page, {without:.2f} s without: {ours / without:.3f} "
        f"times as long (medians of {rounds}; each turn: {each})"
    )


def long_page(path: Path, frames: int) -> None:
    """Write a page of so many frames."""
    collector = Collector(LABELS)
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(0, 0.2, (frames, PEOPLE, len(LABELS))), axis=0)
    probs = np.exp(walk) / np.exp(walk).sum(axis=2, keepdims=True)
    names = page_measures(LABELS)
    face = partial(Face, Box(0, 0, 80, 80), np.zeros((3, 2)), 1.0)
    for index in range(frames):
        tracks = []
        for person in range(PEOPLE):
            now = probs[index, person].astype(np.float32)
            best = LABELS[int(now.argmax())]
            measures = dict(zip(names, [0.9, *now.tolist()], strict=True))
            seen = face(measures=measures)
            shown = float(now.max())
            tracks.append(Track(person + 1, seen, now, now, best, shown, shown < 0.4, 0.0))  # noqa: PLR2004
        result = FrameResult(index, index / FPS, tuple(tracks), StageTimes(0, 0, 0, 0, 0))
        collector.add(result)
    seconds = dict.fromkeys(LABELS, frames / FPS / len(LABELS))
    tracks_told = [{"track": k + 1, "seconds": seconds, "uncertain_s": 0.0} for k in range(PEOPLE)]
    figures = {
        "frames": frames,
        "first_s": 0.0,
        "duration_s": frames / FPS,
        "tracks": tracks_told,
    }
    facts = ClipFacts("long.mp4", None, 0.0, LABELS, figures, ())
    write_clip_page(path, facts, collector.people)


def opened(page: Path) -> None:
    """Print how long Chromium takes to open a page and to drag the time through it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (an extra)

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        view = browser.new_page(viewport={"width": 1280, "height": 900})
        view.goto(page.as_uri(), wait_until="commit")
        open_s = view.evaluate(OPENED) / 1000
        mean_ms, longest_ms = view.evaluate(DRAG, DRAGS)
        browser.close()
    print(
        f"{page.stat().st_size / 1e6:.2f} MB; open with its first plot after {open_s:.2f} s; "
        f"{mean_ms:.1f} ms a step of dragging, {longest_ms:.0f} at most"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=10_000)
    wanted = parser.parse_args()
    with TemporaryDirectory() as place:
        page = Path(place, "long.report.html")
        long_page(page, wanted.frames)
        opened(page)
    cost(wanted.clip, wanted.rounds)


if __name__ == "__main__":
    main()
