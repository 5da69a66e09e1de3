"""The subject of pruning: a trained network, its channel graph, and the pictures to measure on."""

import dataclasses
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fer_live.errors import DataError, ModelError
from fer_live.progress import counted
from fer_live.training.data.network_input import BATCH, Pictures, Takes
from fer_live.training.data.samples import Samples
from fer_live.training.evaluation.open_model import Wanted, open_model, parts_for
from fer_live.training.metrics.classification import wilson
from fer_live.training.metrics.scores import Figure
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.pruning.graph.channels import ChannelGraph
from fer_live.training.pruning.graph.trace import channel_graph
from fer_live.training.pruning.statistics.measure import Measurement, logits_of, measure


@dataclass(frozen=True)
class Subject:
    """A network that is to be pruned; its first head is scored, all of them are kept.

    Attributes:
        checkpoint: Its checkpoint.
        network: In eval mode; never changed.
        graph: Its channel graph.
        seen: The training pictures on which it is measured.
        targets: (n, K) float32, their targets, in the order of the first head's outputs.
        train: The whole training part.
        judged: Labelled pictures of the part used for comparisons.
        takes: The size and colour of its pictures.
    """

    checkpoint: Checkpoint
    network: nn.Module
    graph: ChannelGraph
    seen: Pictures
    targets: NDArray[np.float32]
    train: Samples
    validation: Samples
    takes: Takes

    def measured(self) -> Measurement:
        """Run the measuring pass."""
        batches = counted("measuring", self.seen, -(-len(self.seen) // BATCH))
        return measure(self.network, batches, self.graph)

    def accuracy(self, network: nn.Module) -> Figure:
        """Return a network's accuracy on the judged pictures, with Wilson's interval."""
        pictures = counted("scoring", self.pictures(), -(-len(self.validation) // BATCH))
        said = logits_of(network, pictures)[:, self.checkpoint.columns(0)]
        right = int((said.argmax(axis=1) == self.truth()).sum())
        return Figure(right / len(self.validation), *wilson(right, len(self.validation)))

    def loss(self, network: nn.Module) -> float:
        """Return a network's cross entropy on the judged pictures."""
        logits = torch.from_numpy(self.logits(network))
        return float(nn.functional.cross_entropy(logits, torch.from_numpy(self.truth())))

    def logits(self, network: nn.Module) -> NDArray[np.float32]:
        """Return (N, K) logits of a network's first head for the judged pictures."""
        return logits_of(network, self.pictures())[:, self.checkpoint.columns(0)]

    def pictures(self) -> Pictures:
        """Return the judged pictures in the network's input format."""
        return Pictures(self.validation.pixels, self.takes)

    def truth(self) -> NDArray[np.int64]:
        """Return (N,) the label of each judged picture, an index into the first head's outputs."""
        index = [self.checkpoint.labels.index(label) for label in self.validation.labels]
        return np.array(index, np.int64)[self.validation.majority]

    def replaced(self, checkpoint: Checkpoint, network: nn.Module) -> "Subject":
        """Return a copy of the subject with another network, such as the pruned one."""
        graph = channel_graph(network, next(iter(self.seen))[:1])
        return dataclasses.replace(self, checkpoint=checkpoint, network=network, graph=graph)


def open_subject(
    model: Path, data: Path, *, runs: Path = Path("runs"), images: int = 4096, seed: int = 0
) -> Subject:
    """Open a run's folder or a checkpoint, with the data that it was trained on.

    Args:
        model: Run or checkpoint.
        data: The folder that the experiment's paths are relative to.
        runs: The folder of the runs.
        images: Maximum number of training pictures to measure; drawn without replacement.
        seed: Of the draw.

    Raises:
        ModelError: There is no checkpoint, or nothing in the network can be pruned.
        DataError: The data cannot be read, or the network lacks some of their labels.
    """
    opened = open_model(model, runs=runs)
    if opened.checkpoint is None:
        raise ModelError(f"{model} is not a checkpoint: an exported file can no longer be pruned")
    checkpoint, takes = opened.checkpoint, opened.predictor.card
    if checkpoint.mirrored:
        raise ModelError(
            f"{model} answers for the mirror image, too; have it answer for the picture alone: "
            f"fer-train mirror {shlex.quote(str(model))} --off"
        )
    parts = parts_for(opened, Wanted(data))
    validation = parts.validation.scored()
    if missing := set(validation.labels) - set(checkpoint.labels):
        raise DataError(f"{checkpoint.name} does not know {', '.join(sorted(missing))}")
    draw = np.random.default_rng(seed).permutation(len(parts.train))[:images]
    some = parts.train.take(np.sort(draw))
    seen, targets = Pictures(some.pixels, takes), targets_for(checkpoint, some)
    network = checkpoint.network()
    try:
        graph = channel_graph(network, next(iter(seen))[:1])
    except ValueError as error:
        raise ModelError(f"{checkpoint.name} cannot be pruned: {error}") from error
    return Subject(checkpoint, network, graph, seen, targets, parts.train, validation, takes)


def targets_for(checkpoint: Checkpoint, samples: Samples) -> NDArray[np.float32]:
    """Return the samples' (N, K) targets in the order of the first head's outputs."""
    targets = np.zeros((len(samples), len(checkpoint.labels)), np.float32)
    targets[:, [checkpoint.labels.index(label) for label in samples.labels]] = samples.targets
    return targets
