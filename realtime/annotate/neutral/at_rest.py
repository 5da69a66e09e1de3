"""The resting expression, from a picture or clip in which the person is at rest."""

from pathlib import Path
from typing import Final

import numpy as np

from fer_live.errors import SettingsError
from fer_live.realtime.annotate.fingerprint import sha256_of_file
from fer_live.realtime.annotate.neutral.choice import FileAtRest
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.faces import open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.priors import prior_divisor
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.smoothing.baseline import at_prior, neutral_index, resting_face
from fer_live.realtime.sources import open_file

CROWDED: Final = 0.1
"""If several faces occur in at least this share of the frames with a face, it is not a glitch."""


def face_at_rest(path: Path, settings: AnnotateSettings, classifier: OnnxClassifier) -> FileAtRest:
    """Return the resting expression of the only person in a file.

    Args:
        path: A picture or clip.
        settings: How faces are detected and the file is read, and the prior.
        classifier: The model.

    Raises:
        SourceError: The file cannot be read.
        SettingsError: It shows nobody or several people, or the model has no label neutral.
    """
    contract = classifier.contract
    neutral_index(contract.labels)
    divisor = prior_divisor(contract, settings.prior)
    looks, crowded = [], 0
    with (
        open_file(path, choices=settings.choices) as source,
        open_finder(settings.faces, live=False, device=settings.device) as finder,
    ):
        pipeline = Pipeline(finder, classifier, PipelineSettings(prior=settings.prior))
        for frame in source:
            tracks = pipeline.process(frame).tracks
            crowded += len(tracks) > 1
            if tracks:
                largest = max(tracks, key=lambda track: track.face.box.area_px2)
                looks.append(at_prior(largest, divisor))
    if not looks:
        raise SettingsError(
            f"--neutral {path}: no face was found in it; give a file that shows one"
        )
    if crowded >= CROWDED * len(looks):
        raise SettingsError(
            f"--neutral {path}: it shows several faces; give a picture or clip of one person alone"
        )
    rest = resting_face(np.stack(looks))
    return FileAtRest(path.name, sha256_of_file(path), tuple(rest.tolist()))
