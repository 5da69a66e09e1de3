"""A trained network on disk: what it is, and its weights; nothing pickled but tensors.

The file is one dictionary of plain values and tensors, read with `weights_only=True`: opening a
stranger's checkpoint runs none of its code.
"""

import dataclasses
import hashlib
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from fer_live.contract import Metric
from fer_live.crop import Colour, CropGeometry
from fer_live.errors import FerLiveError, ModelError
from fer_live.files import write_whole
from fer_live.training.models.mirrored import Mirrored
from fer_live.training.models.mixed_heads import Mixed, Mixing
from fer_live.training.models.widths import fit_to
from fer_live.training.networks import architecture, build

FORMAT: Final = 1


@dataclass(frozen=True)
class Checkpoint:
    """A network with everything that an exported model has to say of itself.

    Attributes:
        name: Short name, such as "cnn6-ferplus".
        architecture: One of `fer_live.training.networks.ARCHITECTURES`.
        widths: Its widths, pruned or not.
        labels: What output k means.
        weights: The network's state; floating point ones are float32, or float16 where saved so.
        prior: How frequent each label was in what it learned from, summing to 1.
        data: What it was trained on, and how the part for selection was kept apart.
        crop: Where eyes and mouth lie in its pictures, and their side.
        colour: Whether its pictures are gray or RGB.
        temperature: Logits are divided by it before the softmax.
        uncertain_below: A best probability under this is shown as uncertain.
        settings: The experiment it came from, as plain values.
        metrics: Measured figures.
        parent_sha256: `weights_sha256` of the unpruned parent; None when it was not pruned.
        pruning: How it was pruned; None when it was not.
        mixed: A second head that the answers are mixed with; its outputs stand behind the first
            head's in the last layer. None for one head.
        mirrored: Whether it answers with the mean over a picture and its mirror image.
    """

    name: str
    architecture: str
    widths: tuple[int, ...]
    labels: tuple[str, ...]
    weights: Mapping[str, Tensor]
    prior: tuple[float, ...]
    data: str
    crop: CropGeometry = field(default_factory=CropGeometry)
    colour: Colour = "gray"
    temperature: float = 1.0
    uncertain_below: float = 0.4
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    parent_sha256: str | None = None
    pruning: Mapping[str, Any] | None = None
    mixed: Mixing | None = None
    mirrored: bool = False

    def network(self) -> nn.Module:
        """Build the network with these weights, in float32 and in evaluation mode.

        Raises:
            ModelError: The weights do not fit the architecture and widths.
        """
        further = 0 if self.mixed is None else len(self.mixed.labels)
        made = build(self.architecture, self.widths, len(self.labels) + further)
        if self.pruning is not None:
            fit_to(made, self.weights)  # layers that share a width may have lost unlike many
        try:
            made.load_state_dict({k: _full(v) for k, v in self.weights.items()}, strict=True)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"the weights of {self.name} do not fit: {reason}") from error
        whole = Mirrored(made) if self.mirrored else made
        if self.mixed is not None:
            whole = Mixed(whole, self.prior, self.mixed)
        return whole.eval()

    def weights_sha256(self) -> str:
        """Return the sha256 of names, shapes and values: the same whatever the file's name.

        With a mirror view it is another one: the same weights answer differently then.
        """
        digest = hashlib.sha256(b"mirrored\n" if self.mirrored else b"")
        for key in sorted(self.weights):
            value = self.weights[key].detach().cpu().contiguous()
            digest.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode())
            digest.update(value.numpy().tobytes())
        return digest.hexdigest()

    def halved(self) -> "Checkpoint":
        """Return the same with its weights in float16: half the size, for what is committed."""
        half = {k: v.half() if v.is_floating_point() else v for k, v in self.weights.items()}
        return dataclasses.replace(self, weights=half)

    def save(self, path: Path) -> None:
        """Write the file whole or not at all; its folder is made if need be.

        Raises:
            SinkError: It cannot be written.
        """
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        fields |= {
            "format": FORMAT,
            "weights": {k: v.detach().cpu().clone() for k, v in self.weights.items()},
            "crop": dataclasses.asdict(self.crop),
            "settings": dict(self.settings),
            "metrics": [dataclasses.asdict(metric) for metric in self.metrics],
            "mixed": None if self.mixed is None else self.mixed.as_fields(),
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
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise ModelError(f"{path} is not a fer-live checkpoint of format {FORMAT}")
        del fields["format"]
        try:
            fields["crop"] = _geometry(fields["crop"])
            fields["metrics"] = tuple(Metric(**metric) for metric in fields["metrics"])
            mixed = fields.get("mixed")  # files from before there were any do not mention it
            fields["mixed"] = None if mixed is None else Mixing.of(mixed)
            made = cls(**fields)
            architecture(made.architecture)
        except (KeyError, TypeError, ValueError, FerLiveError) as error:
            raise ModelError(f"{path} is not a checkpoint that can be used: {error}") from error
        return made


def _geometry(value: Mapping[str, Any]) -> CropGeometry:
    """Read the crop's geometry from plain values."""
    places = {k: (float(v[0]), float(v[1])) for k, v in value.items() if k != "size_px"}
    return CropGeometry(size_px=int(value["size_px"]), **places)


def _full(value: Tensor) -> Tensor:
    """Return floating point values as float32, others as they are."""
    return value.float() if value.is_floating_point() else value
