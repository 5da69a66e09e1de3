"""`fer-export onnx`: export a checkpoint to a model file, all or nothing."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx

from fer_live.bundle import sha256_of
from fer_live.contract import OF_SECOND, ModelContract, SecondHead
from fer_live.errors import ModelError
from fer_live.export.conversion.cost import Cost, cost_of
from fer_live.export.conversion.crops import CropSet, Place, crops_at, made_crops
from fer_live.export.conversion.graph import LiveGraph
from fer_live.export.conversion.parity import Parity, compare
from fer_live.export.conversion.to_onnx import seal, trace
from fer_live.files import published
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.priors import RAREST
from fer_live.training.models.checkpoint import Checkpoint, Head

_MOST_HEADS: Final = 2
LICENCE: Final = (
    "Apache-2.0 for the weights. The pictures that they were learned from are not passed on; "
    "whether their own terms allow your use is yours to judge"
)


@dataclass(frozen=True)
class Exported:
    """An exported model file and the proof of its parity.

    Attributes:
        path: The file.
        sha256: Of its bytes.
        bytes: Its size.
        contract: Its metadata.
        parity: Its differences from the network in PyTorch.
        shown_on: The crops on which parity was tested.
    """

    path: Path
    sha256: str
    bytes: int
    contract: ModelContract
    parity: Parity
    shown_on: str


def export_checkpoint(
    checkpoint: Checkpoint,
    out: Path,
    *,
    name: str | None = None,
    data: Path | None = None,
    most: int | None = 512,
) -> Exported:
    """Write a model file that the runtime accepts and that gives the same output as the network.

    The file appears under its name only after ONNX's checker, the runtime's checks and the parity
    test have passed.

    Args:
        checkpoint: What to export; the logits of a second head become another output.
        out: The file to write; an older one is replaced.
        name: The model's name; None takes the checkpoint's name.
        data: Folder with FER2013, for parity on PublicTest; None uses synthetic crops.
        most: Test parity on at most this many images; None uses all.

    Raises:
        ModelError: The network cannot be exported, or the graph's output differs.
        DataError: `data` does not contain FER2013.
        SinkError: `out` cannot be written.
    """
    model, contract = trace_checkpoint(checkpoint, name=name)
    crops = crops_for(contract, data, most=most)
    content = seal(model, contract)
    with published(out, content) as unproved:
        OnnxClassifier(str(unproved), device="cpu")
        parity = compare(content, live_graph(checkpoint), crops.crops)
        if not parity.holds:
            raise ModelError(f"{out} was not written: it differs from the network: {parity}")
    return Exported(out, sha256_of(content), len(content), contract, parity, str(crops))


def trace_checkpoint(
    checkpoint: Checkpoint, *, name: str | None = None
) -> tuple[onnx.ModelProto, ModelContract]:
    """Return a checkpoint's bare graph and its contract."""
    live = live_graph(checkpoint)
    size = checkpoint.crop.size_px
    model = trace(live, (size, size) if checkpoint.colour == "gray" else (size, size, 3))
    return model, contract_of(checkpoint, cost_of(model), name=name)


def live_graph(checkpoint: Checkpoint) -> LiveGraph:
    """Return a checkpoint's network together with what the exported graph adds to it.

    Raises:
        ModelError: It has more heads than a model file can have.
    """
    if len(checkpoint.heads) > _MOST_HEADS:
        raise ModelError(
            f"{checkpoint.name} has {len(checkpoint.heads)} heads; a model file holds two"
        )
    live = LiveGraph(
        checkpoint.network(),
        colour=checkpoint.colour,
        temperature=checkpoint.heads[0].temperature,
        second=sum(checkpoint.sizes[1:]),
    )
    live.eval()
    return live


def contract_of(checkpoint: Checkpoint, cost: Cost, *, name: str | None = None) -> ModelContract:
    """Return the contract of a checkpoint whose graph costs `cost`."""
    first, *others = checkpoint.heads
    theirs = tuple(
        dataclasses.replace(metric, data=f"{metric.data}{OF_SECOND}")
        for head in others
        for metric in head.metrics
    )
    return ModelContract(
        name=name or checkpoint.name,
        labels=first.labels,
        prior=_without_zeros(first.prior),
        architecture=checkpoint.architecture,
        widths=checkpoint.widths,
        parameters=cost.parameters,
        macs=cost.macs,
        operators=cost.operators,
        data=first.data,
        licence=LICENCE,
        crop=checkpoint.crop,
        colour=checkpoint.colour,
        temperature=first.temperature,
        uncertain_below=first.uncertain_below,
        parent_sha256=checkpoint.parent_sha256,
        pruning=checkpoint.pruning,
        metrics=first.metrics + theirs,
        mirrored=checkpoint.mirrored,
        second=_second(others[0]) if others else None,
    )


def _second(head: Head) -> SecondHead:
    """Return the second head as described in a contract."""
    return SecondHead(
        labels=head.labels,
        prior=_without_zeros(head.prior),
        temperature=head.temperature,
        uncertain_below=head.uncertain_below,
        data=head.data,
    )


def _without_zeros(prior: tuple[float, ...]) -> tuple[float, ...]:
    """Return a prior in which even a label that never occurred has a logarithm."""
    raised = np.maximum(prior, RAREST)
    return tuple((raised / raised.sum()).tolist())


def crops_for(contract: ModelContract, data: Path | None, *, most: int | None) -> CropSet:
    """Return PublicTest if its folder is given, synthetic crops otherwise."""
    return made_crops(contract) if data is None else crops_at(contract, Place(data), most=most)
