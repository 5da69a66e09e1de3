"""Predictors give logits for pictures: heads of a checkpoint, or of an exported ONNX file."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fer_live.contract import Prior
from fer_live.errors import ModelError
from fer_live.progress import counted
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.priors import calibrated
from fer_live.training.data.network_input import as_batch, fitted_to
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.networks import architecture

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Card:
    """What evaluation needs to know about a model.

    Attributes:
        name: Its short name.
        labels: What column k of its logits means.
        prior: How frequent each label was in training.
        temperature: Logits are divided by this before the softmax.
        uncertain_below: A label whose probability is below this is shown as uncertain.
        size_hw: Height and width of its pictures.
        channels: 1 for gray, 3 for RGB.
        sha256: Of an ONNX file's bytes, or of a checkpoint's weights.
        data: What it was trained on.
    """

    name: str
    labels: tuple[str, ...]
    prior: tuple[float, ...]
    temperature: float
    uncertain_below: float
    size_hw: tuple[int, ...]
    channels: int
    sha256: str
    data: str

    def probabilities(self, logits: NDArray[np.floating], prior: Prior) -> NDArray[np.float64]:
        """Return calibrated (N, K) probabilities at the given prior."""
        exact = logits.astype(np.float64)
        return calibrated(exact, self.temperature, self.prior, self.labels, prior)


class Predictor(Protocol):
    """A model that can be scored."""

    @property
    def card(self) -> Card:
        """What is known of it."""
        ...

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, K) logits of (N, H, W) gray or (N, H, W, 3) RGB pictures."""
        ...


class NetworkPredictor:
    """One head of a network in PyTorch.

    Args:
        network: Returns the logits of all its heads, side by side.
        card: Information about this head.
        columns: Which of the logits belong to this head.
    """

    def __init__(self, network: nn.Module, card: Card, columns: slice) -> None:
        self._network = network.to(memory_format=torch.channels_last).eval()
        self._card, self._columns = card, columns

    @property
    def card(self) -> Card:
        """What is known of it."""
        return self._card

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, K) logits, a batch at a time."""
        fitted = fitted_to(pixels, self._card)
        out = np.empty((len(fitted), len(self._card.labels)), np.float32)
        with torch.inference_mode():
            for start in counted("scoring", range(0, len(fitted), _BATCH)):
                batch = as_batch(fitted[start : start + _BATCH])
                out[start : start + _BATCH] = self._network(batch)[:, self._columns].numpy()
        return out


class OnnxPredictor:
    """An exported model, run as the live path runs it."""

    def __init__(self, path: Path) -> None:
        self._classifier = OnnxClassifier(str(path), device="cpu")
        contract = self._classifier.contract
        self._card = Card(
            name=contract.name,
            labels=contract.labels,
            prior=contract.prior,
            temperature=contract.temperature,
            uncertain_below=contract.uncertain_below,
            size_hw=(contract.crop.size_px, contract.crop.size_px),
            channels=1 if contract.colour == "gray" else 3,
            sha256=self._classifier.sha256,
            data=contract.data,
        )

    @property
    def second(self) -> "OnnxSecondPredictor | None":
        """The same file's second head; None if it has none."""
        has_one = self._classifier.contract.second is not None
        return OnnxSecondPredictor(self._classifier, self._card) if has_one else None

    @property
    def card(self) -> Card:
        """What is known of it."""
        return self._card

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, K) logits, a batch at a time."""
        fitted = fitted_to(pixels, self._card)
        parts = [
            self._classifier.classify(fitted[start : start + _BATCH]).logits
            for start in counted("scoring", range(0, len(fitted), _BATCH))
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self._card.labels)), np.float32)


class OnnxSecondPredictor:
    """The second head of an exported model.

    Args:
        classifier: Of a contract with a second head.
        first: Information about the first head.
    """

    def __init__(self, classifier: OnnxClassifier, first: Card) -> None:
        head = classifier.contract.second
        if head is None:
            raise ModelError(f"{first.name} has no second head")
        self._classifier = classifier
        self._card = dataclasses.replace(
            first,
            name=f"{first.name}-second",
            labels=head.labels,
            prior=head.prior,
            temperature=head.temperature,
            uncertain_below=head.uncertain_below,
            data=head.data,
        )

    @property
    def card(self) -> Card:
        """What is known of it."""
        return self._card

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, K2) logits, a batch at a time."""
        fitted = fitted_to(pixels, self._card)
        parts = [
            self._classifier.second_logits(fitted[start : start + _BATCH])
            for start in counted("scoring", range(0, len(fitted), _BATCH))
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self._card.labels)), np.float32)


def predictor_of(checkpoint: Checkpoint, head: int = 0) -> NetworkPredictor:
    """Return one head of a checkpoint's network, ready to be scored."""
    known, told = architecture(checkpoint.architecture), checkpoint.heads[head]
    card = Card(
        name=checkpoint.head_name(head),
        labels=told.labels,
        prior=told.prior,
        temperature=told.temperature,
        uncertain_below=told.uncertain_below,
        size_hw=known.size_hw,
        channels=1 if checkpoint.colour == "gray" else 3,
        sha256=checkpoint.weights_sha256(),
        data=told.data,
    )
    return NetworkPredictor(checkpoint.network(), card, checkpoint.columns(head))
