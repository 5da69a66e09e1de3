"""Every network can lose 30 % of its channels and still run and be exported."""

from pathlib import Path

import pytest
import torch

from fer_live.export.conversion.checkpoint import export_checkpoint
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.networks import ARCHITECTURES
from fer_live.training.pruning.plan import WidthLimits
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.prune import PruneSettings, prune
from tests.support.pruning_subjects import made_subject

pytestmark = pytest.mark.training

QUICK = ("cnn6", "compact-tiny")
NOT_FACES = ("mlp", "lenet-90x72")
"""What takes features, or pictures that are not square, is no model for the live crop."""
SLOW = tuple(name for name in ARCHITECTURES if name not in QUICK + NOT_FACES)
KEPT = WidthLimits(min_channels=2, min_share=0.1)


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.long) for name in SLOW)]
)
def test_a_network_pruned_by_30_percent_comes_back_and_agrees_with_onnx_runtime(
    name: str, tmp_path: Path
) -> None:
    subject = made_subject(name, images=8)
    choice = BudgetSettings(0.7, of="maps", allocation="uniform", limits=KEPT)
    pruned = prune(subject, PruneSettings(choice, importance="l2", multiple=1))
    before = subject.graph.prunable().sum()
    assert pruned.after.maps <= 0.7 * before
    pruned.checkpoint(subject, name=f"{name}-pruned").save(tmp_path / "pruned.ckpt")
    back = Checkpoint.load(tmp_path / "pruned.ckpt")
    pictures = next(iter(subject.seen))
    with torch.no_grad():
        assert torch.equal(back.network()(pictures), pruned.network(pictures))
    exported = export_checkpoint(back, tmp_path / "pruned.onnx")
    assert exported.parity.holds
    assert exported.contract.parent_sha256 == subject.checkpoint.weights_sha256()
    assert exported.contract.macs == pruned.after.macs
