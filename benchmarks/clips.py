"""Which emotion each model shows longest in clips, or stretches of a clip, whose emotion is known.

    python -m benchmarks.clips ../shared/video --model cnn6 --model runs/NAME.onnx

The folder holds `index.csv` with the columns `file` and `label`. Taken are rows whose label is one
emotion, below `synthetic/`, and rows labelled "timeline", where stretches read "happy 5-10" or
"sad 10-15 s". Frames run through the live pipeline as shipped, and again with the future known, as
`fer-live annotate` labels a file.
"""

import argparse
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_live.errors import ModelError
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import FrameResult
from fer_live.realtime.smoothing.offline import OfflineSmoother
from fer_live.realtime.sources import open_video

STRETCH = re.compile(r"(\w+) (\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
FULL = 7
"""A timeline counts where it shows so many stretches: shorter ones were labelled by eye."""
BEYOND_S = 1e9


@dataclass(frozen=True)
class ClipScene:
    """A span of a clip in which one emotion is shown."""

    file: str
    label: str
    start_s: float = 0.0
    end_s: float = BEYOND_S


def scenes_of(folder: Path, labels: Sequence[str]) -> Iterator[ClipScene]:
    """Yield the scenes whose emotion is known."""
    with (folder / "index.csv").open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            file, label = row["file"], row["label"]
            stretches = STRETCH.findall(label) if label.startswith("timeline") else []
            if label in labels and file.startswith("synthetic/"):
                yield ClipScene(file, label)
            elif len(stretches) >= FULL:
                for shown, start, end in stretches:
                    yield ClipScene(file, shown, float(start), float(end))


def results_of(
    clip: Path, classifier: OnnxClassifier, settings: PipelineSettings
) -> tuple[list[FrameResult], list[FrameResult]]:
    """Return every frame of a clip, labelled live and with the future known."""
    with open_video(clip) as source, open_finder(FaceSettings(), live=True) as finder:
        pipeline = Pipeline(finder, classifier, settings)
        live = [pipeline.process(frame) for frame in source]
    backward = OfflineSmoother(classifier.contract, settings.prior)
    settled = [done for result in live for done in backward.push(result)]
    return live, [*settled, *backward.finish()]


def shown_in(results: Sequence[FrameResult], scene: ClipScene) -> str:
    """Return the label that is shown longest in a scene; "none" without a face."""
    count = Counter(
        track.label
        for result in results
        if scene.start_s <= result.time_s + 1e-6 < scene.end_s
        for track in result.tracks
    )
    return count.most_common(1)[0][0] if count else "none"


def main() -> None:
    """Measure and print a table a model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", action="append", required=True, help="name or .onnx file")
    parser.add_argument("--prior", choices=("balanced", "natural"), default="balanced")
    options = parser.parse_args()
    settings = PipelineSettings(prior=options.prior)
    if not (options.folder / "index.csv").is_file():
        parser.error(f"{options.folder} holds no index.csv; name the folder that has the clips")
    try:
        classifiers = {model: OnnxClassifier(model) for model in options.model}
    except ModelError as error:
        parser.error(str(error))
    for model, classifier in classifiers.items():
        scenes = list(scenes_of(options.folder, classifier.contract.labels))
        if not scenes:
            parser.error(f"{options.folder / 'index.csv'} names no clip whose emotion is known")
        passes = {
            file: results_of(options.folder / file, classifier, settings)
            for file in dict.fromkeys(scene.file for scene in scenes)
        }
        for place, way in enumerate(("live", "future known")):
            for part in ("synthetic/", ""):
                said = [
                    (scene.label, shown_in(passes[scene.file][place], scene))
                    for scene in scenes
                    if scene.file.startswith("synthetic/") == bool(part)
                ]
                right = sum(label == shown for label, shown in said)
                wrong = ", ".join(f"{a} as {b}" for a, b in said if a != b)
                kind = "acted clips" if part else "timeline"
                print(f"{model}, {way}, {kind}: {right} of {len(said)}; {wrong or 'none wrong'}")


if __name__ == "__main__":
    main()
