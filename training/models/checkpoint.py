"""Checkpoints: a trained network on disk with its description, all heads and weights.

The file is one dictionary of plain values and tensors, read with `weights_only=True`: opening an
untrusted checkpoint does not run any code in it.
"""

import dataclasses
import hashlib
import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from fer_live.contract import Metric
from fer_live.crop import Colour, CropGeometry
from fer_live.errors import FerLiveError, ModelError
from fer_live.files import write_whole
from fer_live.training.models.mirrored import Mirrored
from fer_live.training.networks import architecture, build
from fer_live.training.networks.resize import resize

FORMAT: Final = 2
BEST: Final = "best.ckpt"
"""File name of the network of a run's best epoch."""


@dataclass(frozen=True)
class Head:
    """The outputs for one set of labels.

    Attributes:
        labels: What output k of this head means.
        prior: How frequent each label was in training, summing to 1.
        data: What it was trained on, and how the part for selection was separated.
        temperature: Its logits are divided by this before the softmax.
        uncertain_below: A label whose probability is below this is shown as uncertain.
        metrics: Measured figures.
    """

    labels: tuple[str, ...]
    prior: tuple[float, ...]
    data: str
    temperature: float = 1.0
    uncertain_below: float = 0.4
    metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True)
class Checkpoint:
    """A network with all the metadata of an exported model.

    Attributes:
        name: Short name, such as "cnn6-ferplus".
        architecture: One of `fer_live.training.networks.ARCHITECTURES`.
        widths: Its widths, pruned or not.
        heads: In the order of their outputs; the first is for users.
        weights: The network's state; floating point values are float32, or float16 if saved so.
        crop: The positions of eyes and mouth in its pictures, and their side.
        colour: Whether its pictures are gray or RGB.
        settings: The experiment it came from, as plain values.
        parent_sha256: `weights_sha256` of the unpruned parent; None if it was not pruned.
        pruning: How it was pruned; None if it was not.
        mirrored: Whether it returns the mean over a picture and its mirror image.
    """

    name: str
    architecture: str
    widths: tuple[int, ...]
    heads: tuple[Head, ...]
    weights: Mapping[str, Tensor]
    crop: CropGeometry = field(default_factory=CropGeometry)
    colour: Colour = "gray"
    settings: Mapping[str, Any] = field(default_factory=dict)
    parent_sha256: str | None = None
    pruning: Mapping[str, Any] | None = None
    mirrored: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the first head."""
        return self.heads[0].labels

    @property
    def sizes(self) -> tuple[int, ...]:
        """Labels of each head; the network has as many outputs, side by side."""
        return tuple(len(head.labels) for head in self.heads)

    def columns(self, head: int) -> slice:
        """Return which of the network's outputs belong to a head."""
        start = sum(self.sizes[:head])
        return slice(start, start + self.sizes[head])

    def head_name(self, place: int) -> str:
        """Return the name of a head in reports: the first has the network's own name."""
        return f"{self.name}-second" if place else self.name

    def with_head(self, place: int, head: Head) -> "Checkpoint":
        """Return a copy with one head replaced."""
        heads = (*self.heads[:place], head, *self.heads[place + 1 :])
        return dataclasses.replace(self, heads=heads)

    def with_mirror(self, *, mirrored: bool = True) -> "Checkpoint":
        """Return a copy that averages over a picture and its mirror image, or does not.

        Temperatures are reset to 1 and figures removed, because they belong to the former outputs.
        """
        heads = tuple(dataclasses.replace(head, temperature=1.0, metrics=()) for head in self.heads)
        return dataclasses.replace(self, heads=heads, mirrored=mirrored)

    def network(self) -> nn.Module:
        """Build the network with these weights, in float32 and in evaluation mode.

        Its (N, K) logits are those of all heads, side by side.

        Raises:
            ModelError: The weights do not fit the architecture and widths.
        """
        made = build(self.architecture, self.widths, sum(self.sizes))
        if self.pruning is not None:
            _fit_to(
                made, self.weights
            )  # layers that share a width may have lost different numbers of channels
        try:
            made.load_state_dict({k: _full(v) for k, v in self.weights.items()}, strict=True)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"the weights of {self.name} do not fit: {reason}") from error
        return (Mirrored(made) if self.mirrored else made).eval()

    def weights_sha256(self) -> str:
        """Return the sha256 of names, shapes and values, independent of the file's name.

        It differs for a mirrored network, because the same weights then give other outputs.
        """
        digest = hashlib.sha256(b"mirrored\n" if self.mirrored else b"")
        for key in sorted(self.weights):
            value = self.weights[key].detach().cpu().contiguous()
            digest.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode())
            digest.update(value.numpy().tobytes())
        return digest.hexdigest()

    def halved(self) -> "Checkpoint":
        """Return a copy with its weights in float16: half the size, for committed files."""
        half = {k: v.half() if v.is_floating_point() else v for k, v in self.weights.items()}
        return dataclasses.replace(self, weights=half)

    def save(self, path: Path) -> None:
        """Write the file atomically; its folder is created if necessary.

        Raises:
            SinkError: It cannot be written.
        """
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        fields |= {
            "format": FORMAT,
            "weights": {k: v.detach().cpu().clone() for k, v in self.weights.items()},
            "crop": dataclasses.asdict(self.crop),
            "settings": dict(self.settings),
            "heads": [dataclasses.asdict(head) for head in self.heads],
        }
        content = io.BytesIO()
        torch.save(fields, content)
        write_whole(path, content.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read a checkpoint.

        Raises:
            ModelError: It is missing, not a fer-live checkpoint, or of an unknown format.
        """
        try:
            fields = torch.load(path, map_location="cpu", weights_only=True)
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
        except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
            raise ModelError(f"{path} is not a fer-live checkpoint: it cannot be read") from error
        if not isinstance(fields, dict) or fields.pop("format", None) != FORMAT:
            raise ModelError(
                f"{path} is not a fer-live checkpoint of format {FORMAT}; if an older fer-live "
                "wrote it, train it again"
            )
        try:
            fields["crop"] = _geometry(fields["crop"])
            fields["heads"] = tuple(_head(head) for head in fields["heads"])
            made = cls(**fields)
            architecture(made.architecture)
        except (KeyError, TypeError, ValueError, FerLiveError) as error:
            raise ModelError(f"{path} is not a checkpoint that can be used: {error}") from error
        return made


def _head(value: Mapping[str, Any]) -> Head:
    """Read a head from plain values."""
    metrics = tuple(Metric(**metric) for metric in value["metrics"])
    return Head(**{**value, "metrics": metrics})


def _geometry(value: Mapping[str, Any]) -> CropGeometry:
    """Read the crop's geometry from plain values."""
    places = {k: (float(v[0]), float(v[1])) for k, v in value.items() if k != "size_px"}
    return CropGeometry(size_px=int(value["size_px"]), **places)


def _full(value: Tensor) -> Tensor:
    """Return floating point values as float32, others as they are."""
    return value.float() if value.is_floating_point() else value


def pruned_widths(
    architecture: str, parent: Sequence[int], weights: Mapping[str, Tensor], classes: int
) -> tuple[int, ...]:
    """Return the widths with which `build` creates a network for these weights.

    Each width is read from a tensor that has one row for each of its channels. If one width stands
    for layers that no longer have the same width, or if the architecture has none, widths do not
    describe the network: the parent's are returned, and `Checkpoint.network` does the rest.
    """

    def shapes(widths: Sequence[int]) -> dict[str, torch.Size]:
        with torch.device("meta"):
            made = build(architecture, widths, classes)
        return {key: value.shape for key, value in made.state_dict().items()}

    base = shapes(parent)
    found = list(parent)
    for index, width in enumerate(parent):
        wider = shapes([*parent[:index], width + 1, *parent[index + 1 :]])
        for key, shape in base.items():
            grown = [
                axis for axis, (a, b) in enumerate(zip(shape, wider[key], strict=True)) if a != b
            ]
            if grown == [0] and wider[key][0] == shape[0] + 1:
                found[index] = width + weights[key].shape[0] - shape[0]
                break
    own = {key: value.shape for key, value in weights.items()}
    return tuple(found) if shapes(found) == own else tuple(parent)


def _fit_to(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Set the number of channels of every layer to that of its weights, in place."""
    for name, module in network.named_modules():
        own = getattr(module, "weight", getattr(module, "running_mean", None))
        key = f"{name}.weight" if f"{name}.weight" in weights else f"{name}.running_mean"
        if not isinstance(own, Tensor) or key not in weights or list(module.children()):
            continue
        there = weights[key].shape
        if own.shape[0] != there[0]:
            resize(module, "out", np.arange(there[0]) % own.shape[0])
        if own.ndim > 1 and own.shape[1] != there[1]:
            resize(module, "in", np.arange(there[1]) % own.shape[1])
