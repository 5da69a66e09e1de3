"""Pictures of maps show what the network's own layers give."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from fer_live.errors import ModelError
from fer_live.training.cli import app
from fer_live.training.networks import build
from fer_live.training.papers.feature_maps import maps_of
from tests.support.data_sets import picture, write
from tests.support.training_runs import WIDTHS, small_data, small_run

pytestmark = [pytest.mark.training]


def test_maps_are_what_each_convolution_gives_and_nothing_stays_behind() -> None:
    network = build("cnn1", classes=7).eval()
    face = torch.rand(1, 1, 48, 48)
    said = maps_of(network, face)
    assert [maps.shape for maps in said.values()] == [(10, 44, 44), (20, 37, 37)]
    first = network.get_submodule("features")[1]  # type: ignore[index]  # a Sequential
    centred = network.get_submodule("features")[0](face)  # type: ignore[index]
    with torch.inference_mode():
        np.testing.assert_allclose(next(iter(said.values())), first(centred)[0], atol=1e-6)
    assert not any(layer._forward_hooks for layer in network.modules())


def test_a_network_without_convolutions_is_refused() -> None:
    with pytest.raises(ModelError, match="no convolution"):
        maps_of(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), torch.rand(1, 1, 2, 2))


@pytest.mark.usefixtures("own_cache")
def test_the_command_writes_a_file_a_convolution(tmp_path: Path) -> None:
    data, run = small_data(tmp_path / "data"), small_run(tmp_path / "runs")
    for words in ([], ["--picture", str(write(tmp_path / "face.png", picture(3)))]):
        result = CliRunner().invoke(app, ["maps", str(run), "--data", str(data), *words])
        assert result.exit_code == 0, result.output
        assert len(list((run / "maps").glob("*.png"))) == len(WIDTHS) + 1
    result = CliRunner().invoke(app, ["maps", str(run), "--data", str(data), "--index", "99"])
    assert result.exit_code == 1
    assert "the validation part has 20 pictures" in result.output
