"""Anything that gives logits for pictures: a checkpoint, or an exported ONNX file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fer_live.contract import Prior
from fer_live.errors import DataError, ModelError
from fer_live.realtime.classifier import OnnxClassifier
from fer_live.training import metrics
from fer_live.training.checkpoint import Checkpoint
from fer_live.training.networks import architecture

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Card:
    """What evaluation needs to know of a model.

    Attributes:
        name: Its short name.
        labels: What column k of its logits means.
        prior: How frequent each label was in training.
        temperature: Logits are divided by it before the softmax.
        uncertain_below: A best probability under this is shown as uncertain.
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
        """Return calibrated (N, K) probabilities at the prior asked for."""
        scaled = logits.astype(np.float64) / self.temperature
        return metrics.softmax(
            metrics.balanced(scaled, self.prior) if prior == "balanced" else scaled
        )


class Judge(Protocol):
    """A model that can be scored."""

    @property
    def card(self) -> Card:
        """What is known of it."""
        ...

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, K) logits of (N, H, W) gray or (N, H, W, 3) RGB pictures."""
        ...


class NetworkJudge:
    """A network in PyTorch."""

    def __init__(self, network: nn.Module, card: Card) -> None:
        self._network = network.eval()
        self._card = card

    @property
    def card(self) -> Card:
        """What is known of it."""
        return self._card

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, K) logits, a batch at a time."""
        fitted = fitted_to(pixels, self._card)
        out = np.empty((len(fitted), len(self._card.labels)), np.float32)
        with torch.inference_mode():
            for start in range(0, len(fitted), _BATCH):
                batch = as_batch(fitted[start : start + _BATCH])
                out[start : start + _BATCH] = self._network(batch).numpy()
        return out


class OnnxJudge:
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
    def card(self) -> Card:
        """What is known of it."""
        return self._card

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, K) logits, a batch at a time."""
        fitted = fitted_to(pixels, self._card)
        parts = [
            self._classifier.classify(fitted[start : start + _BATCH]).logits
            for start in range(0, len(fitted), _BATCH)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self._card.labels)), np.float32)


def open_judge(path: Path) -> Judge:
    """Open a checkpoint or an ONNX file.

    Raises:
        ModelError: It is neither, missing or damaged.
    """
    if path.suffix == ".onnx":
        return OnnxJudge(path)
    if not path.is_file():
        raise ModelError(f"no model at {path}; give a checkpoint (.ckpt) or an .onnx file")
    return judge_of(Checkpoint.load(path))


def judge_of(checkpoint: Checkpoint) -> NetworkJudge:
    """Return a checkpoint's network, ready to be scored."""
    known = architecture(checkpoint.architecture)
    card = Card(
        name=checkpoint.name,
        labels=checkpoint.labels,
        prior=checkpoint.prior,
        temperature=checkpoint.temperature,
        uncertain_below=checkpoint.uncertain_below,
        size_hw=known.size_hw,
        channels=1 if checkpoint.colour == "gray" else 3,
        sha256=checkpoint.weights_sha256(),
        data=checkpoint.data,
    )
    return NetworkJudge(checkpoint.network(), card)


def fitted_to(pixels: NDArray[np.uint8], card: Card) -> NDArray[np.uint8]:
    """Return pictures of the model's size and colour.

    Pictures must already be framed as the model's are; only their resolution is changed, never
    their proportions.

    Raises:
        DataError: Their proportions are not the model's.
    """
    if pixels.ndim == 2:  # noqa: PLR2004 (a table of features)
        return pixels
    height, width = pixels.shape[1:3]
    if height * card.size_hw[1] != width * card.size_hw[0]:
        raise DataError(
            f"pictures of {width} x {height} do not suit {card.name}, which takes "
            f"{card.size_hw[1]} x {card.size_hw[0]}; name a preprocessing step that cuts them"
        )
    out = pixels
    if card.channels == 1 and pixels.ndim == 4:  # noqa: PLR2004 (N, H, W, RGB)
        out = np.stack([cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in out]).astype(np.uint8)
    if (height, width) != card.size_hw:
        smaller = height > card.size_hw[0]
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        size_wh = (card.size_hw[1], card.size_hw[0])
        out = np.stack([cv2.resize(one, size_wh, interpolation=how) for one in out]).astype(
            np.uint8
        )
    if card.channels > 1 and out.ndim == 3:  # noqa: PLR2004 (N, H, W)
        out = np.repeat(out[..., None], 3, axis=3)
    return out


def as_batch(pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Return (N, C, H, W) float32 in [0, 1] of uint8 pictures; features stay as they are."""
    values = torch.from_numpy(pixels)
    if values.ndim == 2:  # noqa: PLR2004 (a table of features)
        return values.float()
    moved = values.unsqueeze(1) if values.ndim == 3 else values.permute(0, 3, 1, 2)  # noqa: PLR2004
    return moved.float().div_(255)
