"""One small network, exported once for all tests of this folder: an export takes seconds."""

from pathlib import Path

import pytest
import torch
from torch import nn

from fer_live.export.conversion.checkpoint import Exported, export_checkpoint
from fer_live.labels import LABELS
from fer_live.training.models.checkpoint import Checkpoint, Head
from fer_live.training.networks import build

WIDTHS = (8, 12, 8, 8, 16)


def used_network(seed: int = 0) -> nn.Module:
    """A network whose batch norms have seen something: fresh ones change nothing when folded."""
    torch.manual_seed(seed)
    network = build("cnn6", WIDTHS)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.3, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, 0, 0.5)
    return network.eval()


def write_table(folder: Path, rows: int = 12) -> None:
    """A FER2013 table whose pictures are flat, each as bright as ten times its row's number."""
    lines = ["emotion,pixels,Usage"]
    for row in range(rows):
        usage = ("Training", "PublicTest", "PrivateTest")[row % 3]
        lines.append(f"{row % 7},{' '.join([str(10 * row)] * 2304)},{usage}")
    (folder / "fer2013.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def checkpoint() -> Checkpoint:
    prior = (0.09, 0.01, 0.03, 0.27, 0.14, 0.12, 0.34, 0.0)
    head = Head(LABELS, prior, "nothing", temperature=1.7)
    return Checkpoint(
        name="small",
        architecture="cnn6",
        widths=WIDTHS,
        heads=(head,),
        weights=used_network().state_dict(),
        pruning={"criterion": "distinctiveness", "threshold_deg": 10},
        parent_sha256="0" * 64,
    )


@pytest.fixture(scope="session")
def exported(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_checkpoint(checkpoint, tmp_path_factory.mktemp("exported") / "small.onnx")
