"""What is found out once, before the first input of a run."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_live.realtime.annotate.batch.manifest import RunFacts
from fer_live.realtime.annotate.neutral.at_rest import face_at_rest
from fer_live.realtime.annotate.neutral.choice import told_of_choice
from fer_live.realtime.annotate.one_file import Order
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.summary import versions
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.session import Device
from fer_live.realtime.measures import chosen_measures
from fer_live.realtime.smoothing.baseline import neutral_index


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is known before the first input.

    Attributes:
        order: What is to be done of every input.
        labels: Of the model.
        model: Its name and sha256.
        neutral: Where resting faces come from, for `run.json`; None where none are taken out.
    """

    order: Order
    labels: tuple[str, ...]
    model: Mapping[str, str]
    neutral: Mapping[str, Any] | None

    def facts(self, jobs: int, engine: Mapping[str, Any]) -> RunFacts:
        """Return what `run.json` says of a run on so many inputs at once by an engine."""
        settings = self.order.settings.as_json()
        return RunFacts(self.model, settings, versions(), jobs, engine, self.neutral)


def prepared(settings: AnnotateSettings, *, device: Device, overwrite: bool) -> Prepared:
    """Load the model, and look at the file of a resting face; mistakes are told before any work.

    Args:
        settings: What is wanted.
        device: Where the model runs in this process.
        overwrite: Whether outputs of another making are replaced.

    Raises:
        SettingsError: A column is misspelt, or a resting face cannot be had.
        SourceError: The file of a resting face cannot be read.
        ModelError: The model cannot be used.
        DeviceError: The device cannot be had.
    """
    classifier = OnnxClassifier(settings.model, device=device)
    labels = classifier.contract.labels
    chosen_measures(settings.columns, labels)
    at_rest = neutral = None
    if settings.neutral is not None:
        neutral_index(labels)
        if isinstance(settings.neutral, Path):
            here = dataclasses.replace(settings, device=device)
            at_rest = face_at_rest(settings.neutral, here, classifier)
        neutral = told_of_choice(settings.neutral, at_rest, labels)
    order = Order(settings, classifier.sha256, overwrite=overwrite, at_rest=at_rest)
    model = {"name": classifier.contract.name, "sha256": classifier.sha256}
    return Prepared(order, labels, model, neutral)
