"""What taking a resting face out does to the labels of clips.

    python -m benchmarks.neutral CLIP... --seconds 3

Each clip is labelled by the live pipeline twice: as it is, and with each face's first seconds taken
for its rest. Printed is the share of the labels after those seconds, and how often they change.
"""

import argparse
from collections import Counter
from itertools import pairwise
from pathlib import Path

from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.sources import open_video


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--model", default="small")
    chosen = parser.parse_args()
    classifier = OnnxClassifier(chosen.model)
    for clip in chosen.clips:
        for seconds in (None, chosen.seconds):
            labels = labels_of(clip, classifier, seconds, after_s=chosen.seconds)
            way = "as it is" if seconds is None else f"rest of {seconds:g} s taken out"
            print(f"{clip.name}, {way}: {shares(labels)}")


def labels_of(
    clip: Path, classifier: OnnxClassifier, neutral_s: float | None, *, after_s: float
) -> dict[int, list[str]]:
    """Return the labels of each track from so many seconds after its beginning on."""
    labels: dict[int, list[str]] = {}
    with open_video(clip) as source, open_finder(FaceSettings(), live=True) as finder:
        pipeline = Pipeline(finder, classifier, PipelineSettings(neutral_s=neutral_s))
        for frame in source:
            for track in pipeline.process(frame).tracks:
                if frame.time_s - track.first_s > after_s:
                    labels.setdefault(track.track_id, []).append(track.label)
    return labels


def shares(labels: dict[int, list[str]]) -> str:
    """Say how large the share of each label is, and how often labels change."""
    count = Counter(label for track in labels.values() for label in track)
    total = sum(count.values())
    told = ", ".join(f"{label} {n / total:.0%}" for label, n in count.most_common()) or "no face"
    changes = sum(a != b for track in labels.values() for a, b in pairwise(track))
    return f"{told} of {total} frames, {changes} changes"


if __name__ == "__main__":
    main()
